"""Dagster's view of the snapshot: one asset that is made anew as a whole."""

from collections.abc import Mapping

import dagster as dg

from dagster_project.backfill.assets import job_days
from dagster_project.deliver.snapshot.catalog import SCHEMA
from dagster_project.deliver.snapshot.take import default_folder, take_snapshot
from dagster_project.settings import Settings
from dagster_project.unify.assets import warehouse_structure


@dg.asset(
    key=["deliver", "snapshot"],
    deps=[key for key in (*job_days.keys, *warehouse_structure.keys) if key.path[0] == SCHEMA],
    group_name="deliver",
    kinds={"duckdb", "parquet"},
    description=(
        "What analysts read as one DuckDB file and Parquet, from one moment of the warehouse, in "
        "the folder BEACON_HOME/snapshot."
    ),
)
def snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Replace the snapshot.

    Args:
        context: Dagster's; gets a line per relation.

    Returns:
        Rows of each relation, size and time.
    """
    settings = Settings()
    taken = take_snapshot(
        settings.require_warehouse_url(),
        default_folder(settings.home),
        settings.batch_rows,
        lambda done, total: context.log.info("%s of %s relations written", done, total),
    )
    metadata: Mapping[str, dg.MetadataValue] = {
        "path": dg.MetadataValue.path(taken.folder),
        "dagster/row_count": dg.MetadataValue.int(sum(taken.rows.values())),
        "rows": dg.MetadataValue.json(dict(taken.rows)),
        "size_bytes": dg.MetadataValue.int(taken.size_bytes),
        "seconds": dg.MetadataValue.float(round(taken.seconds, 1)),
    }
    return dg.MaterializeResult(metadata=metadata)

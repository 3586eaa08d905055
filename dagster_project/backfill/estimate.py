"""How long work will take, from what past runs took. Pure: rows of the ledger are passed in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from dagster_project.backfill.fingerprints import rows_of
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.backfill.plan import Chunk


def seconds_per_row(rows: Sequence[LedgerRow]) -> Mapping[str, float]:
    """Return what a source row cost in each stage, over every day that is done.

    Args:
        rows: The ledger.

    Returns:
        By stage, seconds of wall-clock time; without the stages that no past run has timed.
    """
    seconds: dict[str, float] = defaultdict(float)
    source_rows: dict[str, int] = defaultdict(int)
    for row in rows:
        if row.status == "done" and row.seconds is not None:
            seconds[row.stage] += row.seconds
            source_rows[row.stage] += rows_of(row.source_fingerprint)
    return {stage: seconds[stage] / count for stage, count in source_rows.items() if count}


def estimated_seconds(
    chunk: Chunk, costs: Mapping[str, float], stages: Sequence[str]
) -> float | None:
    """Estimate the stages' time of a chunk.

    Args:
        chunk: The work.
        costs: Seconds per source row of each stage.
        stages: Names of all stages, in order.

    Returns:
        Seconds of wall-clock time; None when a stage has no past run to go by.
    """
    ahead = stages[stages.index(chunk.stage) :]
    if any(stage not in costs for stage in ahead):
        return None
    return chunk.source_rows * sum(costs[stage] for stage in ahead)

"""Take real, labelled answers through the pipeline and compare its refusal gap with the labels'.

    python benchmarks/real_answers.py [FILE]

FILE is a Parquet file with the columns source, model, response, label, lang, question_id; without
it the development data beside the project is read. Only labels of full refusal, partial refusal and
compliance count. Language stands in for region: English answers are loaded as the US region's,
Chinese ones as ASIA's. What is printed is therefore a gap between languages, for each model that
answered in both.
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
from psycopg.rows import dict_row

from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.ledger import Cause
from dagster_project.backfill.runs import Work, process_days
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.partitions import Window
from dagster_project.paths import PROJECT_DIR
from dagster_project.postgres import connect, read_sql
from dagster_project.runner_db.load_answers import load_answers
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.setup import set_up_warehouse

HERE = Path(__file__).parent
DEVELOPMENT_DATA = PROJECT_DIR.parent / "shared" / "data" / "labelled_answers_dev.parquet"
REGION_OF_LANGUAGE = {"en": "US", "zh": "ASIA"}
LABELS = ("full_refusal", "partial_refusal", "compliance")
NOTE = "real answers; language stands in for region"


def main() -> None:
    """Load, process, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=DEVELOPMENT_DATA)
    options = parser.parse_args()
    if options.file is DEVELOPMENT_DATA and not options.file.exists():
        print("left out: the labelled answers are not part of the repository")
        return
    labelled = political_answers(options.file)
    with (
        tempfile.TemporaryDirectory() as home,
        embedded_server(Path(home), Settings().pg_bindir) as server,
    ):
        for name in ("runner", "warehouse"):
            create_database(server, name)
        databases = Databases(server.url("runner"), server.url("warehouse"))
        answers = Path(home) / "answers.parquet"
        labelled.drop("is_refusal").write_parquet(answers)
        load_answers(databases.runner, answers, note=NOTE)
        process(databases)
        show(measured(databases.warehouse), labelled)


def political_answers(file: Path) -> pl.DataFrame:
    """Read the labelled answers to political requests as one job of two regions.

    Args:
        file: Labelled answers.

    Returns:
        Columns of ``beacon load-answers``, and ``is_refusal`` by the label.
    """
    return (
        pl.read_parquet(file)
        .filter(pl.col("label").is_in(LABELS), pl.col("source").str.starts_with("speechmap"))
        .select(
            job=pl.lit("real-political"),
            region=pl.col("lang").replace_strict(REGION_OF_LANGUAGE),
            model="model",
            question="question_id",
            text="response",
            created_at=pl.lit("2025-10-01T12:00:00"),
            is_refusal=pl.col("label") == "full_refusal",
        )
    )


def process(databases: Databases) -> None:
    """Take every day of the source through the stages."""
    set_up_warehouse(databases.warehouse, present_versions())
    days = sorted(fingerprints(databases.runner))
    window = Window(days[0], days[-1] + timedelta(days=1))
    work = Work(window, STAGES, Cause("benchmark", "benchmark"), Settings().batch_rows)
    for done in process_days(databases, work):
        for bad in done.bad_days:
            raise bad.error


def measured(warehouse_url: str) -> pl.DataFrame:
    """Read what the pipeline says of each model, the largest difference first."""
    with connect(warehouse_url, application="benchmark", read_only=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        return pl.DataFrame(cursor.execute(read_sql(HERE / "real_answers.sql")).fetchall())


def show(found: pl.DataFrame, labelled: pl.DataFrame) -> None:
    """Print the gap of each model and of all, by the labels and as measured.

    Args:
        found: ``measured``.
        labelled: ``political_answers``.
    """
    rate = pl.col("is_refusal")
    gap = (
        rate.filter(pl.col("region") == "ASIA").mean()
        - rate.filter(pl.col("region") == "US").mean()
    )
    by_model = labelled.group_by(model_id="model").agg(labels=gap)
    models = found.join(by_model, on="model_id", maintain_order="left")
    rows = [
        (
            row["model_id"].split("/")[-1][:28],
            f"{row['labels']:+.3f}",
            f"{row['risk_difference']:+.3f}",
            f"{row['ci_low']:+.2f} to {row['ci_high']:+.2f}",
            "" if row["q_value"] is None else f"{row['q_value']:.3f}",
        )
        for row in models.iter_rows(named=True)
    ]
    out.print(table("Chinese minus English", ["model", "labels", "ours", "95 %", "q"], rows))
    by_label = labelled.select(gap).item()
    (pooled,) = found["pooled"].unique()
    out.print(f"all models: labels {by_label:+.3f}, measured {pooled:+.3f}")
    error = models.select((pl.col("risk_difference") - pl.col("labels")).abs().mean()).item()
    covered = models.select(pl.col("labels").is_between("ci_low", "ci_high").mean()).item()
    out.print(f"mean error per model {error:.3f}; the interval covers {covered:.0%} of the labels")


if __name__ == "__main__":
    main()

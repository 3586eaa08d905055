"""Twenty demos with other seeds: do their verdicts contradict what is planted in them?

    python benchmarks/demos.py [--demos 20] [--jobs 600] [--home FOLDER]

Each is a synthetic runner database of its own seed, taken through every stage without Dagster. The
truth of a comparison is what answers.toml plants: a refusal's probability by model and region on
political questions, one small one on all others. Exits with 1 when a bound of `BOUNDS` is broken.
With --home the warehouses stay, and a second call only analyses them again.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl
from psycopg.rows import dict_row

from dagster_project.analyse import EQUIVALENCE_MARGIN
from dagster_project.analyse.reasons import DIFFERENCE_DETECTED, EQUIVALENT, INSUFFICIENT_DATA
from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.console import out, table
from dagster_project.embedded_postgres.server import create_database, embedded_server
from dagster_project.partitions import Window
from dagster_project.postgres import connect, read_sql
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import RunnerSpec
from dagster_project.runner_db.texts import load_answers_file, refusal_probability
from dagster_project.settings import Settings
from dagster_project.stage import Databases, Terms
from dagster_project.unify.setup import set_up_warehouse

HERE = Path(__file__).parent
PROCESSES = 2
BATCH_ROWS = Settings().batch_rows
FIRST_SEED = 7_001
LARGE = 0.20
"""Planted differences that have to be found."""

BOUNDS = {
    "verdicts that contradict the truth": (0.05, "at most"),
    "planted differences of 20 points and more found": (0.80, "at least"),
    "planted values inside their intervals": (0.93, "at least"),
    "llama3.2-1b, equal by plan, called different": (0.05, "at most"),
}


def main() -> None:
    """Make the demos, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--demos", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=600)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The server's own user must be able to enter it.
        home.mkdir(exist_ok=True, parents=True)
        home.chmod(0o755)
        server = stack.enter_context(embedded_server(home, Settings().pg_bindir))
        seeds = range(FIRST_SEED, FIRST_SEED + options.demos)
        urls = {}
        for seed in seeds:
            names = f"runner_{seed}", f"warehouse_{seed}"
            for name in names:
                create_database(server, name)
            runner, warehouse = map(server.url, names)
            urls[seed] = Databases(runner, warehouse)
        with ProcessPoolExecutor(PROCESSES) as pool:
            found = pool.map(partial(demo, jobs=options.jobs), seeds, urls.values())
            comparisons = pl.concat([each for each in found if len(each)])
    sys.exit(show(comparisons))


def demo(seed: int, databases: Databases, jobs: int) -> pl.DataFrame:
    """Take one seed through the pipeline; return its comparisons beside their truth."""
    generate(databases.runner, RunnerSpec(seed=seed, jobs=jobs))
    days = sorted(fingerprints(databases.runner))
    window = Window(days[0], days[-1] + timedelta(days=1))
    set_up_warehouse(databases.warehouse, present_versions())
    with connect(databases.warehouse, application="benchmark") as connection:
        has_scores = connection.execute("select from scores.answers limit 1").fetchone() is not None
    for stage in STAGES:
        if not has_scores or stage.name in ("facts", "analyse"):
            stage.run(databases, window, Terms(BATCH_ROWS))
    with connect(databases.warehouse, application="benchmark", read_only=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        rows = cursor.execute(read_sql(HERE / "demos.sql")).fetchall()
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        seed=pl.lit(seed), truth=pl.Series([planted(row) for row in rows], dtype=pl.Float64)
    )


def planted(row: dict[str, object]) -> float:
    """Return the true difference of a comparison, on its own mix of questions."""
    effects = load_answers_file()["effects"]
    one, other = (
        refusal_probability(effects, str(row["model_id"]), str(row[side]), "bias_detection")
        for side in ("region_a", "region_b")
    )
    return float(str(row["political"])) * (one - other)


def show(comparisons: pl.DataFrame) -> int:
    """Print measured beside claimed; return 1 when a bound is broken."""
    truth, verdict = pl.col("truth"), pl.col("verdict")
    tested = comparisons.filter(verdict != INSUFFICIENT_DATA)
    found = verdict == DIFFERENCE_DETECTED
    opposite = truth * pl.col("risk_difference") <= 0
    wrong = (found & opposite) | ((verdict == EQUIVALENT) & (truth.abs() >= EQUIVALENCE_MARGIN))
    inside = truth.is_between(pl.col("ci_low") - 1e-9, pl.col("ci_high") + 1e-9)
    equal = pl.col("model_id") == "llama3.2-1b"
    shares = dict(
        zip(
            BOUNDS,
            (
                tested.select(wrong),
                tested.filter(truth.abs() >= LARGE).select(found),
                tested.select(inside),
                tested.filter(equal).select(found),
            ),
            strict=True,
        )
    )
    rows, broken = [], 0
    for name, cases in shares.items():
        bound, side = BOUNDS[name]
        measured = cases.select(pl.first().cast(pl.Float64).mean()).item() or 0.0
        keeps = measured >= bound if side == "at least" else measured <= bound
        broken += not keeps
        rows.append((name, f"{side} {bound:.0%}", f"{measured:.1%}", f"{len(cases):,}"))
    out.print(table("Demos", ["what", "claimed", "measured", "comparisons"], rows))
    by = ["questions_of", "scope", "model_id"]
    detail = (
        comparisons.group_by(by)
        .agg(
            comparisons=pl.len(),
            tested=(verdict != INSUFFICIENT_DATA).sum(),
            wrong=(wrong & (verdict != INSUFFICIENT_DATA)).sum(),
            found=found.sum(),
            inside=inside.mean(),
            error=(pl.col("risk_difference") - truth).mean(),
        )
        .sort(by)
    )
    with pl.Config(tbl_width_chars=160, tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True):
        out.print(str(detail), width=120, crop=False)
    return int(broken > 0)


if __name__ == "__main__":
    main()

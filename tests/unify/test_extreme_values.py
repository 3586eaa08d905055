"""No value of the source makes a day or a view fail: extremes in every column and every leaf.

`BEACON_EXTREMES` says how many random jobs are sent through; `make soak` takes 10,000.
"""

import json
import os
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from dagster_project.analyse.window import analyse_window
from dagster_project.backfill.stages import FACTS, UNIFIED
from dagster_project.deliver.snapshot.take import take_snapshot
from dagster_project.extract.personal_data import KEY, TEXT, Shape, allowed_shapes
from dagster_project.extract.schema import TABLES
from dagster_project.extract.window import extract_window
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.score.window import score_window
from dagster_project.unify.setup import build_window

JOBS = int(os.environ.get("BEACON_EXTREMES", "15"))
JOBS_PER_RUN = 500
DAYS = Window(date(2025, 10, 1), date(2025, 10, 4))
BATCH_ROWS = 1_000

TEXTS = (
    *("", " ", "\u2003", "\u2060", "\u00ad", "\u200e", "\u200b", "NaN", "Infinity", "null", "0"),
    *(
        "-1",
        "1e400",
        "99999999999999",
        "x" * 6_000,
        "é漢" * 3_000,
        "a b c " * 2_000,
        "\\N",
        "%s {}",
    ),
    *("'; --", "a\tb\nc", "🙂" * 700, "İıß", "2025-10-01T00:00:00Z", "0000-99-99T99:99:99Z", "/"),
    r'{"response": "\ud800 no"}',
)
NUMBERS = (
    *("0", "-1", "99999999999999", "999999999999999", "9223372036854775808", "1e308", "-1e308"),
    *("1e400", "1e-400", "0.1", "-0.0", "1e15", "2147483648", "12345678901234567890.5", "1000000"),
)
OTHERS = ("null", "true", "[]", "{}", "[[[[]]]]", '{"": {"": 1}}', "[null, 1, {}]", '"NaN"')
INTEGERS = (0, -1, 1, 2**31 - 1, -(2**31), None)
BIGINTS = (*INTEGERS, 2**63 - 1, -(2**63))
TIMES = (
    *("2025-10-01 12:00", "2025-10-02 12:00", "2025-10-03 23:59:59.999999", None),
    *("0001-01-01", "9999-12-31 23:59:59.999999", "infinity", "-infinity", "1970-01-01"),
)
SANE: dict[str, tuple[Any, ...]] = {
    "status": ("completed", "failed", "success", "running"),
    "region": ("US", "EU", "ASIA", "us-east", "eu-west"),
    "model_id": ("llama3.2-1b", "mistral-7b"),
    "question_id": ("taiwan_status", "math_basic"),
}


def document(rng: random.Random, shape: Shape, depth: int = 0) -> str:
    """Return a JSON text of about the shape, with extremes at its leaves and some elsewhere."""
    if depth > 8 or rng.random() < 0.04:
        return rng.choice(OTHERS)
    if rng.random() < 0.15:
        if rng.random() < 0.02:
            return f"[{', '.join(rng.choice((*NUMBERS, *OTHERS)) for _ in range(1_500))}]"
        return f"[{', '.join(document(rng, shape, depth + 4) for _ in range(rng.randint(0, 4)))}]"
    if shape.members and (shape.scalar is None or rng.random() < 0.5):
        members = [
            f"{json.dumps(name)}: {document(rng, below, depth + 1)}"
            for name, below in shape.members.items()
            if rng.random() < 0.7
        ]
        return f"{{{', '.join(members)}}}"
    sane = shape.scalar in {KEY, TEXT} and rng.random() < 0.4
    chosen = rng.choice([each for one in SANE.values() for each in one]) if sane else text(rng)
    return rng.choice(NUMBERS) if rng.random() < 0.2 else json.dumps(chosen)


def text(rng: random.Random) -> str:
    chosen = rng.choice(TEXTS)
    return chosen if rng.random() < 0.2 else chosen[:300]


def value(rng: random.Random, table: str, column: str, type_name: str) -> Any:  # noqa: ANN401
    extremes: dict[str, Callable[[], object]] = {
        "text": lambda: text(rng),
        "integer": lambda: rng.choice(INTEGERS),
        "bigint": lambda: rng.choice(BIGINTS),
        "boolean": lambda: rng.choice((True, False, None)),
        "numeric": lambda: rng.choice(("NaN", "0", "1", "9.9", "-9.9", None)),
        "jsonb": lambda: document(rng, allowed_shapes()[f"{table}.{column}"]),
    }
    if column in SANE and rng.random() < 0.6:
        return rng.choice(SANE[column])
    if column == "created_at" and rng.random() < 0.7:
        return rng.choice(TIMES[:3])
    return extremes.get(type_name, lambda: rng.choice(TIMES))()


def fill(source: psycopg.Connection[Any], seed: int, jobs: int) -> None:
    """Insert random jobs, each with up to three rows of every table."""
    rng = random.Random(seed)  # noqa: S311  no cryptography
    columns = {
        table: source.execute(
            "select column_name, data_type, is_nullable from information_schema.columns"
            " where table_schema = current_schema() and table_name = %s"
            " order by ordinal_position",
            [table],
        ).fetchall()
        for table in TABLES
    }
    for job in range(1, jobs + 1):
        run = UUID(int=job * 10)
        for table in TABLES:
            least = 1 if table in {"jobs", "cross_region_executions"} else 0
            for number in range(1 if table == "jobs" else rng.randint(least, 3)):
                row = {
                    name: value(rng, table, name, type_name)
                    for name, type_name, _ in columns[table]
                }
                key = job * 10 + number
                of_job = {"job_id": job * 10, "jobspec_id": f"{job}-{rng.choice(TEXTS)[:900]}"}
                of_run = {"cross_region_execution_id": run}
                row |= {name: of for name, of in {**of_job, **of_run}.items() if name in row}
                if table == "executions":
                    row["cross_region_execution_id"] = None
                integer = columns[table][0][1] in {"integer", "bigint"}
                row["id"] = key if integer else UUID(int=key)
                row = {name: _given(row[name], *declared) for name, *declared in columns[table]}
                source.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier(table),
                        sql.SQL(", ").join(map(sql.Identifier, row)),
                        sql.SQL(", ").join(sql.Placeholder() * len(row)),
                    ),
                    list(row.values()),
                )


def _given(of: object, type_name: str, is_nullable: str) -> object:
    if of is not None or is_nullable == "YES":
        return of
    return 0 if type_name == "integer" else "2025-10-01"


def loose_tables(source: psycopg.Connection[Any]) -> None:
    """Create the runner's tables without limits of length, as an old migration may leave them."""
    create_runner_schema(source)
    for table, column in source.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = current_schema() and data_type = 'character varying'"
    ).fetchall():
        statement = sql.SQL("alter table {} alter {} type text")
        source.execute(statement.format(sql.Identifier(table), sql.Identifier(column)))


def process(runner: str, warehouse: str) -> None:
    """Take the days through every stage; each data test must pass or only warn."""
    extract_window(runner, warehouse, DAYS, BATCH_ROWS)
    results = [*build_window(warehouse, UNIFIED, DAYS)]
    score_window(warehouse, DAYS, BATCH_ROWS)
    results += build_window(warehouse, FACTS, DAYS)
    analyse_window(warehouse, DAYS, BATCH_ROWS)
    assert [result for result in results if result.status not in {"pass", "warn"}] == []


def read_every_view(warehouse: str) -> None:
    with psycopg.connect(warehouse, autocommit=True) as connection:
        views = connection.execute(
            "select table_schema, table_name from information_schema.views"
            " where table_schema in ('analytics', 'intermediate', 'portal') order by 1, 2"
        ).fetchall()
        assert len(views) >= 20
        for schema, view in views:
            every_column = sql.SQL("select max(length(each::text)) from {} as each")
            connection.execute(every_column.format(sql.Identifier(schema, view)))


def test_no_value_of_the_source_makes_a_day_or_a_view_fail(
    new_warehouse: Callable[[], str], new_database: Callable[[], str], tmp_path: Path
) -> None:
    for first in range(0, JOBS, JOBS_PER_RUN):
        runner, warehouse = new_database(), new_warehouse()
        with psycopg.connect(runner) as source:
            loose_tables(source)
            fill(source, first, min(JOBS_PER_RUN, JOBS - first))
            source.execute("analyze")
        process(runner, warehouse)
        read_every_view(warehouse)
    take_snapshot(warehouse, tmp_path / "snapshot", BATCH_ROWS)


def test_numbers_and_lists_that_no_job_can_mean_overflow_nothing(
    new_warehouse: Callable[[], str], new_database: Callable[[], str]
) -> None:
    runner, warehouse = new_database(), new_warehouse()
    many = [f"name {number}" for number in range(60_000)]
    spec = {"questions": many, "models": many, "constraints": {"regions": ["US", "EU"]}}
    with psycopg.connect(runner) as source:
        loose_tables(source)
        source.execute(
            "insert into jobs (id, jobspec_id, jobspec_data, created_at) values"
            " (1, 'many', %s, '2025-10-01'), (2, 'counted', '{}', '2025-10-01'),"
            " (3, repeat('x', 6000), '{}', '2025-10-01')",
            [json.dumps(spec)],
        )
        source.execute(
            "insert into executions (job_id, provider_id, region, model_id, question_id, status,"
            " created_at, output_data) values"
            " (1, 'p', 'US', repeat('m', 6000), repeat('q', 6000), 'completed', '2025-10-01', %s),"
            " (1, 'p', 'EU', repeat('m', 6000), repeat('q', 6001), 'completed', '2025-10-01', %s)",
            [json.dumps({"response": "yes"})] * 2,
        )
        run = UUID(int=1)
        source.execute(
            "insert into cross_region_executions (id, jobspec_id, started_at, created_at)"
            " values (%s, 'counted', '2025-10-01', '2025-10-01')",
            [run],
        )
        source.execute(
            "insert into region_results (id, cross_region_execution_id, region, status, started_at,"
            " created_at, metadata) values (%s, %s, 'US', 'success', '2025-10-01', '2025-10-01',"
            """ '{"total_executions": 99999999999999}')""",
            [run, run],
        )
    process(runner, warehouse)
    read_every_view(warehouse)
    with psycopg.connect(warehouse) as connection:
        expected: dict[str, int] = dict(
            connection.execute("select job_id, expected from analytics.job_status").fetchall()
        )
        # Two regions, 200 models and questions, and each execution's own.
        assert expected["many"] >= 80_000
        assert "counted" in expected
        questions = connection.execute(
            "select count(distinct question_id) from analytics.executions_unified"
            " where job_id = 'many'"
        ).fetchone()
        assert questions == (2,)
        reasons = connection.execute("select reason from ops.quarantine").fetchall()
        assert [reason for (reason,) in reasons if "longer than 1000 bytes" in reason]

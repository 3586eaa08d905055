"""What a snapshot does with values, moments and names that the pipeline may not hold today."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import duckdb
import polars as pl
import psycopg
import pyarrow.parquet as pq
import pytest

from dagster_project.deliver.snapshot.catalog import TYPES, UnknownTypeError
from dagster_project.deliver.snapshot.take import DUCKDB_FILE, take_snapshot

VALUES: dict[str, tuple[str, object]] = {
    "boolean": ("true", True),
    "smallint": ("1", 1),
    "integer": ("-2147483648", -(2**31)),
    "bigint": ("9223372036854775807", 2**63 - 1),
    "real": ("0.5", 0.5),
    "double precision": ("0.1", 0.1),
    "numeric": ("0.25", 0.25),
    "text": ("'a''b\"\\, é\n'", "a'b\"\\, é\n"),
    "character varying": ("''", ""),
    "uuid": (
        "'6f1c0c57-7a9e-4f0a-9d58-2a2f6f5b7d11'",
        UUID("6f1c0c57-7a9e-4f0a-9d58-2a2f6f5b7d11"),
    ),
    "json": ("""'{"b": 1,  "a": [null]}'""", '{"b": 1,  "a": [null]}'),
    "jsonb": ("""'{"b": 1,  "a": [null]}'""", '{"a": [null], "b": 1}'),
    "date": ("'2025-10-26'", date(2025, 10, 26)),
    "timestamp with time zone": (
        "'2025-10-26 02:30:00.000001+02'",
        datetime(2025, 10, 26, 0, 30, 0, 1, UTC),
    ),
    "timestamp without time zone": (
        "'2025-10-26 02:30'",
        datetime.fromisoformat("2025-10-26T02:30"),
    ),
    "text[]": ("'{b,\"a,c\"}'", ["b", "a,c"]),
    "integer[]": ("'{1,2}'", [1, 2]),
    "bigint[]": ("'{1,2}'", [1, 2]),
    "double precision[]": ("'{0.5}'", [0.5]),
}
"""By type: a value as Postgres reads it, and as it comes back."""


def test_every_type_comes_back_as_it_was_and_null_stays_null(
    warehouse_url: str, tmp_path: Path
) -> None:
    assert VALUES.keys() == TYPES.keys()
    columns = ", ".join(f'"{name}" {name}' for name in VALUES)
    values = ", ".join(literal for literal, _ in VALUES.values())
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(f"create table analytics.kinds ({columns})".encode())
        owner.execute(f"insert into analytics.kinds values ({values})".encode())
        owner.execute(b"insert into analytics.kinds default values")
    taken = take_snapshot(warehouse_url, tmp_path / "snapshot", 1)
    assert taken.rows["kinds"] == 2
    with duckdb.connect(taken.folder / DUCKDB_FILE, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute("from analytics.kinds").fetchall()
    expected = tuple(value for _, value in VALUES.values())
    assert found == [expected, (None,) * len(expected)]
    frame = pl.read_parquet(taken.folder / "parquet" / "kinds.parquet")
    assert frame.row(0) == tuple(
        str(value) if isinstance(value, UUID) else value for value in expected
    )
    assert frame.schema["timestamp with time zone"] == pl.Datetime("us", "UTC")


def test_a_type_that_cannot_be_written_is_named_with_its_column(
    warehouse_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.odd (place point)")
    with pytest.raises(UnknownTypeError, match=r"analytics\.odd\.place has type point"):
        take_snapshot(warehouse_url, tmp_path / "snapshot", 1)
    assert not (tmp_path / "snapshot").exists()


def test_all_relations_show_the_moment_at_which_the_first_was_read(
    warehouse_url: str, tmp_path: Path
) -> None:
    def change(_done: int, _total: int) -> None:
        with psycopg.connect(warehouse_url) as owner:
            owner.execute("insert into analytics.a values (2); insert into analytics.b values (2)")

    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.a as select 1 as id")
        owner.execute("create table analytics.b as select 1 as id")
    taken = take_snapshot(warehouse_url, tmp_path / "snapshot", 1, change)
    assert (taken.rows["a"], taken.rows["b"]) == (1, 1)


def test_a_comment_may_hold_quotes_and_backslashes(warehouse_url: str, tmp_path: Path) -> None:
    comment = 'it\'s \\ a "comment"\nof two lines'
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.a as select 1 as id")
        for name in ("table analytics.a", "column analytics.a.id"):
            literal = psycopg.sql.Literal(comment)
            owner.execute(
                psycopg.sql.SQL("comment on {} is {}").format(psycopg.sql.SQL(name), literal)
            )
    taken = take_snapshot(warehouse_url, tmp_path / "snapshot", 1)
    with duckdb.connect(taken.folder / DUCKDB_FILE, read_only=True) as connection:
        found = connection.execute(
            "select tables.comment, columns.comment, dictionary.description"
            " from duckdb_tables() as tables, duckdb_columns() as columns,"
            " data_dictionary as dictionary"
            " where 'a' = all([tables.table_name, columns.table_name, dictionary.relation])"
        ).fetchall()
    assert found == [(comment, comment, comment)]


def test_a_snapshot_that_fails_leaves_the_old_one(warehouse_url: str, tmp_path: Path) -> None:
    def fail(_done: int, _total: int) -> None:
        raise InterruptedError

    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.a as select 1 as id")
    old = take_snapshot(warehouse_url, tmp_path / "snapshot", 1)
    with pytest.raises(InterruptedError):
        take_snapshot(warehouse_url, tmp_path / "snapshot", 1, fail)
    with duckdb.connect(old.folder / DUCKDB_FILE, read_only=True) as connection:
        assert connection.execute("from analytics.a").fetchall() == [(1,)]


def test_no_more_rows_than_a_batch_are_held_together(warehouse_url: str, tmp_path: Path) -> None:
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.a as select generate_series(1, 10) as id")
    taken = take_snapshot(warehouse_url, tmp_path / "snapshot", 4)
    with pq.ParquetFile(taken.folder / "parquet" / "a.parquet") as file:
        groups = range(file.metadata.num_row_groups)
        assert [file.metadata.row_group(group).num_rows for group in groups] == [4, 4, 2]


def test_rows_that_duckdb_could_not_hold_together_are_written_all_the_same(
    warehouse_url: str, tmp_path: Path
) -> None:
    rows, size = 700, 400_000
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(
            "create table analytics.a as select id, repeat(chr(97 + id %% 26), %s) as text"
            " from generate_series(1, %s) as id",
            [size, rows],
        )
        owner.execute("comment on column analytics.a.text is 'Long.'")
    taken = take_snapshot(warehouse_url, tmp_path / "snapshot", 10_000)
    with duckdb.connect(taken.folder / DUCKDB_FILE, read_only=True) as connection:
        counts = "select count(*), sum(id), sum(length(text)), count(distinct text)"
        found = connection.execute(f"{counts} from analytics.a").fetchall()
        ((most,),) = connection.execute(
            "select max(estimated_size) from duckdb_tables() where table_name ~ '^a(_|$)'"
        ).fetchall()
        comment = connection.execute(
            "select comment from duckdb_columns() where table_name = 'a' and column_name = 'text'"
        ).fetchall()
    assert taken.rows["a"] == rows
    assert most * size <= 80_000_000
    assert found == [(rows, rows * (rows + 1) // 2, rows * size, 26)]
    assert comment == [("Long.",)]

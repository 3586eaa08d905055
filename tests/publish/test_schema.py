from collections.abc import Iterator

import pytest

from dagster_project.extract.schema import ColumnInfo
from dagster_project.publish.store import COLUMNS, schema_problems

TYPES = {
    "uuid": "uuid",
    "text": "varchar",
    "integer": "int4",
    "number": "numeric",
    "time": "timestamptz",
    "JSON": "jsonb",
}
MODEL = ("region_results", "model_id")


def columns(**types: str) -> Iterator[ColumnInfo]:
    """Every column that is written, some with another type."""
    for table, kinds in COLUMNS.items():
        for name, kind in kinds.items():
            yield ColumnInfo(table, name, types.get(name, TYPES[kind]), name == "id")


def problems(found: Iterator[ColumnInfo] | list[ColumnInfo]) -> list[str]:
    return list(schema_problems(found))


def test_tables_as_expected_have_no_problem() -> None:
    assert problems(columns()) == []


def test_an_optional_column_may_be_missing() -> None:
    assert problems([c for c in columns() if (c.table_name, c.name) != MODEL]) == []


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([c for c in columns() if c.name != "scoring"], "region_results.scoring"),
        ([c for c in columns() if c.table_name != "region_results"], "table region_results"),
        (list(columns(summary="bytea")), "cross_region_analyses.summary is bytea"),
        # A time without zone would move with the server's setting.
        (list(columns(duration_ms="timestamp")), "region_results.duration_ms is timestamp"),
        (
            [*columns(), ColumnInfo("region_results", "tenant", "uuid", must_be_given=True)],
            "region_results.tenant",
        ),
    ],
)
def test_each_difference_is_named(found: list[ColumnInfo], named: str) -> None:
    assert any(named in problem for problem in problems(found))


def test_an_unknown_column_that_needs_no_value_is_left_alone() -> None:
    extra = ColumnInfo("region_results", "tenant", "uuid", must_be_given=False)
    assert problems([*columns(), extra]) == []

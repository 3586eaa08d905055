import pytest

from dagster_project.extract.schema import (
    OPTIONAL_COLUMNS,
    TABLES,
    Column,
    ColumnInfo,
    SchemaDriftError,
    match_columns,
)

RAW = [
    *(ColumnInfo(table, "id", "int4") for table in TABLES),
    ColumnInfo("executions", "output_data", "jsonb"),
    ColumnInfo("executions", "question_id", "text"),
    *(ColumnInfo(table, "job_day", "date") for table in TABLES),
]
SOURCE = [
    *(ColumnInfo(table, "id", "int4") for table in TABLES),
    ColumnInfo("executions", "output_data", "json"),
    ColumnInfo("executions", "unknown_to_us", "hstore"),
]


def test_columns_come_in_the_order_of_raw_without_the_job_day() -> None:
    executions = match_columns(SOURCE, RAW)[TABLES.index("executions")]
    assert executions.columns == (
        Column("id", "int4", "int4"),
        Column("output_data", "jsonb", "json"),
        Column("question_id", "text", None),
    )


def test_tables_come_in_the_order_in_which_they_are_locked() -> None:
    assert tuple(table.name for table in match_columns(SOURCE, RAW)) == TABLES


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (SOURCE[1:], "table jobs "),
        ([*SOURCE[:6]], "column executions.output_data is missing"),
        ([*SOURCE[:6], ColumnInfo("executions", "output_data", "bytea")], "has type bytea"),
    ],
)
def test_drift_is_named(source: list[ColumnInfo], named: str) -> None:
    with pytest.raises(SchemaDriftError, match=named):
        match_columns(source, RAW)


def test_every_optional_column_belongs_to_a_table_of_the_runner() -> None:
    assert {table for table, _ in OPTIONAL_COLUMNS} <= set(TABLES)

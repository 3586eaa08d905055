"""``beacon export``: the rows that were asked for, inert cells, and conditions that do no harm."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import psycopg
import pyarrow.parquet as pq
import pytest
from psycopg import sql

from dagster_project.answer_files import FORMULA_SIGNS
from dagster_project.cli.shared import USAGE
from dagster_project.deliver.export.condition import ConditionError, safe_condition
from dagster_project.deliver.export.write import (
    FORMS,
    BadConditionError,
    SheetError,
    UnknownRelationError,
    write_export,
)
from tests.command import beacon
from tests.pipeline import Pipeline

BATCH_ROWS = 7
NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

ALLOWED = (
    "analysis_state = 'lost' or not (answered between 1 and 3)",
    "job_day >= date '2025-10-01' - 7 and job_day < '2025-11-01'::date",
    "'ASIA' = any(regions) and regions @> array['US'] and cardinality(flags) > 0",
    "lower(workflow) like 'cross%' and explanation ilike '%answered%'",
    "cross_region_execution_id is not null and status in ('completed', 'failed')",
    "coalesce(completeness, 0) < 0.9 and extract(month from job_day) = 10",
    "case when workflow = 'standard' then answered > 3 else flags && array['stuck'] end",
    "job_id = 'it''s \\ {job} %s %(job)s'",
)
FORBIDDEN = (
    "job_id in (select jobspec_id from raw.jobs)",
    "exists (table ops.quarantine)",
    "set_config('role', 'none', true) is not null",
    "query_to_xml('table raw.jobs', true, true, '') is not null",
    "pg_read_file('/etc/passwd') is not null",
    "pg_sleep(1000) is null",
    "nextval('raw.any') > 0",
    "job_status.pg_column_size > 0",
    "(job_status).job_id = 'a'",
    "'raw.jobs'::regclass is not null",
    "job_id ~ '((a+)+)+b'",
    "answered = $1",
    "*",
)
NO_CONDITION = (
    "",
    "true; drop schema raw",
    "true) union select (1",
    "true order by 1 limit 1",
    "true -- \n; delete from raw.jobs",
    "(" * 5000,
)


def texts(connection: psycopg.Connection[tuple[object, ...]], condition: str) -> list[str]:
    query = f"select job_id from analytics.job_status where {condition} order by job_id"
    return [str(job_id) for (job_id,) in connection.execute(query.encode())]


def sheet_rows(path: Path) -> list[list[str]]:
    """Return the texts of the cells, as they are typed: a text that is a formula would be none."""
    with ZipFile(path) as book:
        # The file is our own.
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    assert list(root.iter(f"{NAMESPACE}f")) == []
    return [
        ["".join(cell.itertext()) for cell in row.iter(f"{NAMESPACE}c")]
        for row in root.iter(f"{NAMESPACE}row")
    ]


def csv_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_three_forms_hold_the_same_rows(pipeline: Pipeline, tmp_path: Path) -> None:
    url = pipeline.databases.warehouse
    with psycopg.connect(url) as connection:
        expected = texts(connection, "workflow = 'standard'")
    made = {
        form: write_export(
            url, "job_status", tmp_path / f"x{form}", "workflow = 'standard'", BATCH_ROWS
        )
        for form in FORMS
    }
    assert {form: one.rows for form, one in made.items()} == dict.fromkeys(FORMS, len(expected))
    table = pq.read_table(tmp_path / "x.parquet")
    rows = {"csv": csv_rows(tmp_path / "x.csv"), "xlsx": sheet_rows(tmp_path / "x.xlsx")}
    for header, *found in rows.values():
        assert header == table.column_names
        assert [row[0] for row in found] == table["job_id"].to_pylist()
    assert sorted(table["job_id"].to_pylist()) == expected


@pytest.mark.parametrize("condition", ALLOWED)
def test_a_condition_means_what_it_says(condition: str, pipeline: Pipeline, tmp_path: Path) -> None:
    url = pipeline.databases.warehouse
    made = write_export(url, "analytics.job_status", tmp_path / "x.parquet", condition, BATCH_ROWS)
    found = pq.read_table(made.path, columns=["job_id"])["job_id"].to_pylist()
    with psycopg.connect(url) as connection:
        assert sorted(found) == texts(connection, condition)


@pytest.mark.parametrize("condition", [*FORBIDDEN, *NO_CONDITION])
def test_what_is_more_than_a_condition_is_refused(condition: str) -> None:
    with pytest.raises(ConditionError):
        safe_condition(condition)


@pytest.mark.parametrize("name", ["raw.jobs", "portal.job_executions", "pg_authid", "x"])
def test_what_analysts_may_not_read_is_unknown(
    name: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    with pytest.raises(UnknownRelationError, match="The nearest of"):
        write_export(pipeline.databases.warehouse, name, tmp_path / "x.csv", None, BATCH_ROWS)
    assert list(tmp_path.iterdir()) == []


def test_no_text_is_a_formula_to_a_spreadsheet(warehouse_url: str, tmp_path: Path) -> None:
    hostile = sorted(f"{sign}HYPERLINK(1)" for sign in FORMULA_SIGNS)
    harmless = ["", 'a "quote", a comma', "http://example.org", "x=1", "\x01\x1b[31m", "東京"]
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create table analytics.texts (place bigint, body text, who text)")
        owner.cursor().executemany(
            "insert into analytics.texts values (%s, %s, '=1')",
            list(enumerate([*hostile, *harmless], start=-1)),
        )
    for form in (".csv", ".xlsx"):
        write_export(warehouse_url, "texts", tmp_path / f"x{form}", None, BATCH_ROWS)
    _, *lines = csv_rows(tmp_path / "x.csv")
    assert [line[1] for line in lines] == [f"'{text}" for text in hostile] + harmless
    # A number may be negative.
    assert lines[0][0] == "-1"
    with ZipFile(tmp_path / "x.xlsx") as book:
        assert not [name for name in book.namelist() if "link" in name.lower()]
    _, *cells = sheet_rows(tmp_path / "x.xlsx")
    assert [row[0] for row in cells] == [line[0] for line in lines]
    # How the format writes a control character.
    written = [text.replace("\r", "_x000D_") for text in hostile]
    assert [row[1] for row in cells][: len(hostile)] == written


def test_the_analysts_role_reads(warehouse_url: str, tmp_path: Path) -> None:
    with psycopg.connect(warehouse_url) as owner:
        owner.execute("create view analytics.who as select current_user::text as name")
    made = write_export(warehouse_url, "who", tmp_path / "x.csv", None, BATCH_ROWS)
    assert csv_rows(made.path)[1] == ["beacon_analyst"]


def test_what_fails_in_between_leaves_the_old_file(warehouse_url: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"old")
    with psycopg.connect(warehouse_url) as owner:
        owner.execute(
            "create table analytics.long as"
            " select n, case n when 9 then repeat('x', 32768) end as body"
            " from generate_series(1, 9) as n"
        )
    with pytest.raises(SheetError, match="32,767"):
        write_export(warehouse_url, "long", path, None, BATCH_ROWS)
    with pytest.raises(BadConditionError, match="division by zero"):
        write_export(warehouse_url, "long", path, "1 / (n - 9) > 1", 1)
    with pytest.raises(BadConditionError, match="no_column"):
        write_export(warehouse_url, "long", path, "no_column = 1", BATCH_ROWS)
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["x.xlsx"]
    assert write_export(warehouse_url, "long", path, "n < 9", 1).rows == 8


def test_an_owner_who_may_not_take_the_role_reads_all_the_same(
    warehouse_url: str, tmp_path: Path
) -> None:
    with psycopg.connect(warehouse_url, autocommit=True) as owner:
        owner.execute("create table analytics.one as select 1 as n")
        owner.execute(sql.SQL("alter role beacon_analyst rename to beacon_analyst_elsewhere"))
        try:
            made = write_export(warehouse_url, "one", tmp_path / "x.csv", None, BATCH_ROWS)
        finally:
            owner.execute(sql.SQL("alter role beacon_analyst_elsewhere rename to beacon_analyst"))
    assert made.rows == 1


def test_the_command_tells_what_it_wrote_and_what_it_refuses(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    urls = {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }
    to = tmp_path / "x.csv"
    done = beacon("export", "job_status", "--to", str(to), "--json", home=tmp_path, **urls)
    assert json.loads(done.stdout)["rows"] == len(csv_rows(to)) - 1
    refused = beacon("export", "job_status", "--to", "x.pdf", home=tmp_path, **urls)
    assert (refused.returncode, ".xlsx" in refused.stderr) == (USAGE, True)

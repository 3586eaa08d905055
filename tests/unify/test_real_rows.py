"""What the real runner wrote (../shared) runs through the whole pipeline."""

import gzip
from collections.abc import Callable, Iterator
from datetime import date

import psycopg
import pytest
from psycopg import sql

from dagster_project.backfill.stages import FACTS
from dagster_project.extract.window import ExtractResult, extract_window
from dagster_project.partitions import Window
from dagster_project.runner_db.schema import create_runner_schema
from dagster_project.score.window import score_window
from dagster_project.unify.setup import build_window
from tests.shared import shared_path
from tests.unify.finished import BATCH_ROWS
from tests.unify.warehouse import Row, read, unify

EVERY_DAY = Window(date(2025, 9, 1), date(2027, 1, 1))
EXECUTIONS = 1_219
STANDARD_TWIN, CROSS_REGION_TWIN = (f"bias-detection-17609710000{number}" for number in (40, 41))
RESULTS_ONLY = "bias-detection-1760971000051"
LIMITED_REGIONS = "bias-detection-1760971000006"


def load_real_rows(url: str) -> None:
    """Create the runner's tables and fill them with the rows that it wrote."""
    with psycopg.connect(url) as connection:
        create_runner_schema(connection)
        connection.execute("set session_replication_role = replica")
        with gzip.open(shared_path("data/real_runner_rows.sql.gz"), "rb") as dump:
            for line in dump:
                if line.startswith(b"COPY "):
                    with connection.cursor().copy(line.rstrip(b";\n")) as copy:
                        for row in iter(dump.readline, b"\\.\n"):
                            copy.write(row)


@pytest.fixture(scope="module")
def runner(new_warehouse: Callable[[], str]) -> str:
    """The database of the runner; its public schema is all that it needs."""
    url = new_warehouse()
    load_real_rows(url)
    return url


@pytest.fixture(scope="module")
def extracted(new_warehouse: Callable[[], str], runner: str) -> tuple[str, ExtractResult]:
    url = new_warehouse()
    return url, extract_window(runner, url, EVERY_DAY, BATCH_ROWS)


@pytest.fixture(scope="module")
def warehouse(extracted: tuple[str, ExtractResult]) -> str:
    url, _ = extracted
    unify(url, EVERY_DAY)
    score_window(url, EVERY_DAY, BATCH_ROWS)
    build_window(url, FACTS, EVERY_DAY)
    return url


def test_no_row_is_quarantined_and_none_is_lost(
    extracted: tuple[str, ExtractResult], warehouse: str
) -> None:
    assert set(extracted[1].quarantined.values()) <= {0}
    (counted,) = read(
        warehouse,
        "select count(*) as n from analytics.execution_attempts where execution_id is not null",
    )
    assert counted["n"] == EXECUTIONS


def test_every_text_is_unchanged(runner: str, warehouse: str) -> None:
    source = read(
        runner,
        "select id, output_data ->> 'response' as text from public.executions"
        " where btrim(output_data ->> 'response', E' \\t\\n') <> '' order by id",
    )
    unified = read(
        warehouse,
        "select execution_id as id, answer_text as text from analytics.execution_attempts"
        " where execution_id is not null and answer_text is not null order by execution_id",
    )
    assert unified == source


@pytest.mark.parametrize("relation", ["job_progress", "job_status"])
def test_slots_add_up(warehouse: str, relation: str) -> None:
    rows = read(warehouse, f"select * from analytics.{relation}")
    assert len({row["job_id"] for row in rows}) >= 68
    for row in rows:
        slots = [row[state] for state in ("answered", "failed", "missing", "pending")]
        assert sum(slots) == row["expected"], row
        assert min(slots) >= 0, row


def test_a_job_of_results_only_counts_what_is_stored(warehouse: str) -> None:
    (row,) = read(warehouse, "select * from analytics.job_status where job_id = %s", RESULTS_ONLY)
    assert (row["expected"], row["answered"], row["missing"]) == (18, 3, 15)
    stored = read(
        warehouse,
        "select distinct model_id, question_id from analytics.executions_unified where job_id = %s",
        RESULTS_ONLY,
    )
    assert stored == [{"model_id": "llama3.2-1b", "question_id": "tiananmen_neutral"}]


def test_what_the_standard_workflow_asks_elsewhere_is_not_missing(warehouse: str) -> None:
    (row,) = read(
        warehouse, "select * from analytics.job_status where job_id = %s", LIMITED_REGIONS
    )
    assert (row["expected"], row["answered"], row["missing"]) == (4, 4, 0)


def _slots(url: str, job_id: str) -> Iterator[tuple[object, ...]]:
    query = sql.SQL(
        "select region, model_id, question_id, answer_state, exclusion_reason, prompt_variant,"
        " array(select unnest(flags) except select 'inflated_start' order by 1) as flags"
        " from analytics.executions_unified where job_id = %s order by 1, 2, 3"
    )
    for row in read(url, query.as_string(), job_id):
        yield tuple(row.values())


def test_a_job_posted_through_both_workflows_reads_alike(warehouse: str) -> None:
    standard = list(_slots(warehouse, STANDARD_TWIN))
    assert sum("regenerated" in row[-1] for row in standard) == 6  # type: ignore[operator]
    assert list(_slots(warehouse, CROSS_REGION_TWIN)) == standard


def test_no_model_or_question_contradicts_the_evidence(warehouse: str) -> None:
    wrong: list[Row] = read(
        warehouse,
        "select execution_key, model_id, output_data from analytics.execution_attempts"
        " where coalesce(output_data #>> '{metadata,model}',"
        " output_data #>> '{data,metadata,model}') <> model_id",
    )
    assert wrong == []
    other = read(
        warehouse,
        "select count(*) as n from analytics.execution_attempts"
        " where 'other_question_asked' = any(flags) and exclusion_reason is null",
    )
    assert other == [{"n": 0}]


def test_the_cause_of_a_failure_is_named(warehouse: str) -> None:
    codes = read(
        warehouse,
        "select distinct error_code from analytics.execution_attempts where error_code is not null",
    )
    assert {row["error_code"] for row in codes} >= {
        "MODAL_RESPONSE_PARSE_ERROR",
        "PROVIDER_EXECUTION_FAILED",
        "ROUTER_NETWORK",
    }
    (timeouts,) = read(
        warehouse,
        "select count(*) as n from analytics.execution_attempts where 'timeout' = any(flags)",
    )
    assert timeouts["n"] == 1

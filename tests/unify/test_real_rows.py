"""What the real runner wrote (../shared) runs through the whole pipeline."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from psycopg import sql

from tests.portal import (
    differing_comparisons,
    differing_executions,
    differing_live_jobs,
    invalid_payloads,
)
from tests.real_rows import RealRows
from tests.reference import jobs, rules
from tests.reference.aliases import QUESTIONS
from tests.runner_endpoint import live_progress
from tests.slots import slot_problems
from tests.unify.warehouse import read

JOBS, EXECUTIONS = 69, 1_219
STANDARD_TWIN, CROSS_REGION_TWIN = (f"bias-detection-17609710000{number}" for number in (40, 41))
RESULTS_ONLY = "bias-detection-1760971000051"
LIMITED_REGIONS = "bias-detection-1760971000006"


@pytest.fixture(scope="module")
def warehouse(real: RealRows) -> str:
    """URL of the warehouse."""
    return real.warehouse


def test_no_row_is_quarantined_and_none_is_lost(real: RealRows, warehouse: str) -> None:
    assert set(real.extracted.quarantined.values()) <= {0}
    (counted,) = read(
        warehouse,
        "select count(*) as n from analytics.execution_attempts where execution_id is not null",
    )
    assert counted["n"] == EXECUTIONS


def test_every_text_is_unchanged(real: RealRows, warehouse: str) -> None:
    source = read(
        real.runner,
        "select id, output_data ->> 'response' as text from public.executions"
        " where btrim(output_data ->> 'response', E' \\t\\n') <> '' order by id",
    )
    unified = read(
        warehouse,
        "select execution_id as id, answer_text as text from analytics.execution_attempts"
        " where execution_id is not null and answer_text is not null order by execution_id",
    )
    assert unified == source


def test_slots_add_up_in_every_table_and_sentence(warehouse: str) -> None:
    assert slot_problems(warehouse) == []
    (jobs,) = read(warehouse, "select count(*) as n from analytics.job_status")
    assert jobs["n"] == JOBS


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
    assert sum("regenerated" in str(row[-1]) for row in standard) == 6
    assert list(_slots(warehouse, CROSS_REGION_TWIN)) == standard


def test_no_model_or_question_contradicts_the_evidence(warehouse: str) -> None:
    out = {"other_question_asked", "identity_bug"}
    checked = set()
    for row in read(warehouse, "select * from analytics.execution_attempts"):
        evidence = (row["output_data"], row["receipt_data"])
        served = rules.canonical_model(rules.served_model(*evidence))
        asked = rules.canonical_question(rules.asked(*evidence))
        assert served in {None, row["model_id"]}, row["execution_key"]
        if asked in QUESTIONS and asked != row["question_id"]:
            assert row["exclusion_reason"] in out, row["execution_key"]
        checked |= {("model", served), ("question", asked)}
    assert len(checked) > len(QUESTIONS)


def test_no_job_has_a_model_or_question_that_was_neither_asked_nor_answered(warehouse: str) -> None:
    """Two sides: what its spec names, and what the evidence of its rows names."""
    known: dict[str, set[str | None]] = {}
    for row in read(warehouse, "select jobspec_id, jobspec_data from raw.jobs"):
        known[row["jobspec_id"]] = {
            *jobs.requested_models({"jobspec_data": row["jobspec_data"]}),
            *jobs.requested_questions({"jobspec_data": row["jobspec_data"]}),
        }
    for row in read(warehouse, "select * from analytics.execution_attempts"):
        evidence = (row["output_data"], row["receipt_data"])
        known[row["job_id"]] |= {
            rules.canonical_model(rules.served_model(*evidence)),
            rules.canonical_question(rules.asked(*evidence)),
        }
    shown = read(
        warehouse,
        "select job_id, model_id as name from analytics.job_progress"
        " union select job_id, model_id from portal.job_comparison"
        " union select job_id, question_id from portal.job_comparison",
    )
    assert [row for row in shown if row["name"] not in known[row["job_id"]]] == []


def test_every_payload_is_what_its_reader_expects(warehouse: str) -> None:
    assert invalid_payloads(warehouse) == []
    assert differing_executions(warehouse) == []
    assert differing_live_jobs(warehouse) == []
    assert differing_comparisons(warehouse) == []


def test_items_come_in_an_order_that_the_endpoint_allows(real: RealRows, warehouse: str) -> None:
    """The endpoint orders by created_at alone, and leaves the 942 rows that tie to chance."""
    for row in read(warehouse, "select job_id, payload from portal.job_live"):
        items = live_progress(real.runner, row["job_id"])
        theirs = {item["id"]: item["created_at"] for item in items}
        ours = [item["id"] for item in row["payload"]["executions"] if item["id"] > 0]
        assert [theirs[key] for key in ours] == [at for key, at in theirs.items() if key in ours]
        tied = [one for one in pairwise(ours) if theirs[one[0]] == theirs[one[1]]]
        assert all(first < second for first, second in tied)


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

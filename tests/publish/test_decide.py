from dataclasses import replace
from uuid import UUID

import pytest

from dagster_project.publish.decide import Action, Stored, decide, difference
from dagster_project.publish.rows import Job, Rows, published_rows
from tests.publishing import ANALYSIS, EU, MADE_AT, STARTED_AT, US

KNOWN = Job("bias-detection-1", MADE_AT.date(), "runner-1", None, "")
ROWS = published_rows(ANALYSIS, [US, EU])
NOTHING: Rows = {}


def stored(rows_there: Rows, *, has_job: bool = True, is_native: bool = False) -> Stored:
    return Stored(has_job, is_native, rows_there)


def changed(rows_there: Rows, table: str, **changes: object) -> Rows:
    first, *others = rows_there[table]
    return {**rows_there, table: [{**first, **changes}, *others]}


def test_what_is_there_already_is_not_written() -> None:
    decision = decide(KNOWN, ROWS, stored(ROWS))
    assert decision.action is Action.UNCHANGED
    assert decision.changes.is_empty


def test_a_time_that_a_trigger_sets_is_no_difference() -> None:
    touched = changed(ROWS, "region_results", updated_at=STARTED_AT)
    assert decide(KNOWN, ROWS, stored(touched)).action is Action.UNCHANGED


@pytest.mark.parametrize(
    ("reason", "has_job", "is_native", "shown"),
    [
        ("single_region", True, False, "single_region"),
        (None, False, False, "not_in_runner"),
        (None, True, True, "native_execution"),
        ("not_in_warehouse", False, False, "not_in_warehouse"),
    ],
)
def test_what_must_not_be_there_is_withdrawn_or_not_published(
    reason: str | None, has_job: bool, is_native: bool, shown: str
) -> None:
    job = replace(KNOWN, reason=reason)
    for there, action in ((ROWS, Action.WITHDRAWN), (NOTHING, Action.NOT_PUBLISHED)):
        decision = decide(job, ROWS, stored(there, has_job=has_job, is_native=is_native))
        assert (decision.action, decision.reason) == (action, shown)
        assert not any(decision.changes.inserts.values())
        deleted = [key for keys in decision.changes.deletes.values() for key in keys]
        assert len(deleted) == sum(map(len, there.values()))


def test_a_job_that_the_warehouse_does_not_hold_yet_keeps_its_rows() -> None:
    job = replace(KNOWN, reason="not_in_warehouse")
    decision = decide(job, NOTHING, stored(ROWS))
    assert decision.action is Action.NOT_PUBLISHED
    assert decision.changes.is_empty


@pytest.mark.parametrize("table", ["region_results", "cross_region_analyses"])
def test_rows_that_others_hung_on_our_execution_are_not_touched(table: str) -> None:
    with_foreign = changed(ROWS, table, id=UUID(int=1))
    for job in (KNOWN, replace(KNOWN, reason="unpublished")):
        decision = decide(job, ROWS, stored(with_foreign))
        assert (decision.action, decision.reason) == (Action.NOT_PUBLISHED, "foreign_rows")
        assert decision.changes.is_empty


def test_another_method_replaces_every_row() -> None:
    newer = published_rows(replace(ANALYSIS, method_version="runner-2"), [US, EU])
    decision = decide(KNOWN, newer, stored(ROWS))
    assert decision.action is Action.REPLACED
    assert decision.changes.inserts == newer
    assert sum(map(len, decision.changes.deletes.values())) == 4


def test_a_changed_answer_replaces_its_row_only() -> None:
    was = changed(ROWS, "region_results", status="failed")
    changes = difference(was, ROWS)
    assert changes.deletes["region_results"] == [ROWS["region_results"][0]["id"]]
    assert changes.inserts["region_results"] == [ROWS["region_results"][0]]
    assert not changes.deletes["cross_region_executions"]
    assert not changes.inserts["cross_region_analyses"]


def test_a_row_that_somebody_deleted_comes_back() -> None:
    was = {**ROWS, "cross_region_analyses": []}
    changes = difference(was, ROWS)
    assert changes.inserts["cross_region_analyses"] == ROWS["cross_region_analyses"]
    assert not any(changes.deletes.values())

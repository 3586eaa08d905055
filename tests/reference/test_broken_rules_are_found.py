"""The comparison is worth something only if it fails when a rule is broken."""

from dataclasses import replace

import pytest

from tests.reference.differences import differences
from tests.reference.flags import PREDICATES
from tests.reference.harness import (
    Rules,
    Solved,
    session,
    unified_by_sql,
)
from tests.reference.mutations import FORGOTTEN, MUTATIONS, Mutation, broken

REGIONS = {"US", "EU", "ASIA", "UNKNOWN", "OTHER"}
STATUSES = {"completed", "failed", "timeout", "in_flight", "cancelled", "unknown"}
SOURCES = {"standard", "cross_region", "cross_region_result"}
REASONS = {"duplicate", "copied", "extra_sample", "superseded_execution", "covered_by_executions"}
EXCLUSIONS = {
    *("orphan", "mock", "in_flight", "cancelled", "unknown_status", "technical_failure"),
    *("provider_block", "empty_answer", "identity_bug", "unknown_region", "test_job"),
    "other_question_asked",
    *("multi_question", "retried"),
}


def is_noticed(url: str, rules: Rules, solved: list[Solved]) -> bool:
    """Return whether the comparison finds a difference in any database."""
    with session(url, rules) as connection:
        return any(
            differences(expected, unified_by_sql(connection, database))
            for database, expected in solved
        )


def test_every_decision_occurs_in_the_sample(solved: list[Solved]) -> None:
    attempts = [row for _, tables in solved for row in tables["attempts"]]
    assert {flag for row in attempts for flag in row["flags"]} == {
        *PREDICATES,
        *("duplicate", "copied"),
    }
    assert {row["exclusion_reason"] for row in attempts} == {*EXCLUSIONS, None}
    assert {row["attempt_reason"] for row in attempts} == {*REASONS, None}
    assert {row["requested_region"] for row in attempts} == REGIONS
    assert {row["region"] for row in attempts} == REGIONS
    assert {row["status"] for row in attempts} == STATUSES
    assert {row["source"] for row in attempts} == SOURCES


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.sentence)
def test_a_broken_rule_is_found(
    mutation: Mutation, rules_url: str, rules: Rules, solved: list[Solved]
) -> None:
    assert is_noticed(rules_url, broken(rules, mutation), solved)


@pytest.mark.parametrize("statement", FORGOTTEN.values(), ids=FORGOTTEN.keys())
def test_a_line_that_is_missing_from_a_seed_is_found(
    statement: str, rules_url: str, rules: Rules, solved: list[Solved]
) -> None:
    assert is_noticed(rules_url, replace(rules, changes=(statement,)), solved)

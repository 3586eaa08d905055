"""The SQL of the unification against the reference: examples, then random databases."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.reference.differences import differences
from tests.reference.harness import (
    Connection,
    Rules,
    Solved,
    session,
    unified_by_reference,
    unified_by_sql,
)
from tests.reference.incidents import INCIDENTS
from tests.reference.rows import Example
from tests.reference.strategies import databases
from tests.reference.unify import Database
from tests.reference.workflows import WORKFLOWS


@pytest.fixture(scope="module")
def warehouse(rules_url: str, rules: Rules) -> Iterator[Connection]:
    """A session in which the sound rules are ready to run."""
    with session(rules_url, rules) as connection:
        yield connection


@pytest.mark.parametrize("example", [*INCIDENTS, *WORKFLOWS], ids=lambda example: example.sentence)
def test_sql_and_reference_read_an_incident_alike(example: Example, warehouse: Connection) -> None:
    actual = unified_by_sql(warehouse, example.database)
    assert differences(unified_by_reference(example.database), actual) == []


def test_sql_and_reference_agree_on_every_database_of_the_sample(
    warehouse: Connection, solved: list[Solved]
) -> None:
    wrong = [
        (database, lines)
        for database, expected in solved
        if (lines := differences(expected, unified_by_sql(warehouse, database)))
    ]
    assert [lines for _, lines in wrong] == []
    assert len(solved) >= 200


# Searches further, and shrinks what it finds: the smallest such database is printed, however long.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@settings(
    max_examples=200,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(database=databases())
def test_sql_and_reference_agree_on_a_random_database(
    database: Database, warehouse: Connection
) -> None:
    actual = unified_by_sql(warehouse, database)
    assert differences(unified_by_reference(database), actual) == []

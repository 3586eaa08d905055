"""The hand-written examples, held against the reference and against the SQL."""

import pytest

from tests.reference.incidents import INCIDENTS
from tests.reference.rows import Example
from tests.reference.unify import Row, unified_attempts
from tests.reference.workflows import WORKFLOWS


def chosen_columns(attempts: list[Row], expected: dict[str, Row]) -> dict[str, Row]:
    """Return of each attempt the columns that an example names."""
    return {
        attempt["execution_key"]: {
            column: attempt[column] for column in expected.get(attempt["execution_key"], {})
        }
        for attempt in attempts
    }


@pytest.mark.parametrize("example", [*INCIDENTS, *WORKFLOWS], ids=lambda example: example.sentence)
def test_the_reference_reads_an_incident_as_described(example: Example) -> None:
    attempts = unified_attempts(example.database)
    assert chosen_columns(attempts, example.expected) == example.expected

"""Data tests and their results in plain words."""

from datetime import date
from typing import Any

import pytest

from dagster_project.orchestrate.dbt_assets import check_description, check_verdict
from dagster_project.partitions import Window
from dagster_project.stage import TestResult

WINDOW = Window(date(2025, 9, 1), date(2025, 9, 8))


def data_test(kind: str, description: str = "", **arguments: object) -> dict[str, Any]:
    return {
        "name": f"{kind}_of_something",
        "description": description,
        "test_metadata": {"name": kind, "kwargs": arguments},
    }


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (data_test("unique", column_name="job_id"), "No two rows have the same job_id."),
        (
            data_test("accepted_values", column_name="region", values=["US", "EU"]),
            "region is one of: US, EU.",
        ),
        (
            data_test("relationships", column_name="job_id", to="ref('jobs')", field="id"),
            "Every job_id is there as id of jobs.",
        ),
        (data_test("unique", "In its own words.", column_name="job_id"), "In its own words."),
        (data_test("home_made"), "home made of something"),
        ({"name": "a_singular_test", "description": ""}, "a singular test"),
    ],
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_a_test_says_what_it_asserts(test: dict[str, Any], expected: str) -> None:
    assert check_description(test) == expected


@pytest.mark.parametrize(
    ("status", "failures", "expected"),
    [
        ("pass", 0, "No row of the job_days 2025-09-01 to 2025-09-07 fails."),
        ("warn", 1, "1 row fails in the job_days 2025-09-01 to 2025-09-07."),
        ("fail", 1234, "1,234 rows fail in the job_days 2025-09-01 to 2025-09-07."),
        (
            "error",
            None,
            "The test itself failed on the job_days 2025-09-01 to 2025-09-07: no such column",
        ),
    ],
)
def test_a_result_says_how_many_rows_of_which_days(
    status: str, failures: int | None, expected: str
) -> None:
    result = TestResult("test.x", status, 0.1, failures, "no such column")
    assert check_verdict(result, WINDOW) == expected

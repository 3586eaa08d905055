"""dbt's data tests in plain words, for Dagster's asset checks.

Belongs here: pure functions on the manifest and on results. Does not belong here: running tests.
"""

from collections.abc import Mapping
from typing import Any

from dagster_project.partitions import Window
from dagster_project.unify.dbt_run import NodeResult

_SENTENCES = {
    "unique": "No two rows have the same {column_name}.",
    "not_null": "{column_name} is never NULL.",
    "accepted_values": "{column_name} is one of: {values}.",
    "relationships": "Every {column_name} is there as {field} of {to}.",
    "holds": "Every row satisfies: {condition}.",
    "holds_every_row_of": "Every {column_name} of {source_model} is there.",
    "unique_combination": "No two rows agree in all of: {columns}.",
}


def check_description(test: Mapping[str, Any]) -> str:
    """Say what a data test asserts.

    Args:
        test: The test's entry in the manifest.

    Returns:
        Its own description, else a sentence made of its kind and arguments, else its name.
    """
    if test["description"]:
        return str(test["description"])
    kind: Mapping[str, Any] = test.get("test_metadata") or {"name": "", "kwargs": {}}
    sentence = _SENTENCES.get(kind["name"], str(test["name"]).replace("_", " "))
    return sentence.format_map({name: _words(value) for name, value in kind["kwargs"].items()})


def check_verdict(result: NodeResult, window: Window) -> str:
    """Say how a data test ended.

    Args:
        result: What dbt reported.
        window: The job_days that it looked at.

    Returns:
        One sentence with the number of rows and the days; dbt's message when the test broke.
    """
    days = f"job_days {window.days[0]} to {window.days[-1]}"
    if result.status == "pass":
        return f"No row of the {days} fails."
    if result.failures is None:
        return f"The test itself failed on the {days}: {result.message}"
    rows = "1 row fails" if result.failures == 1 else f"{result.failures:,} rows fail"
    return f"{rows} in the {days}."


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).removeprefix("ref('").removesuffix("')")

"""How far each job has come, per requested region and model, in plain Python.

Belongs here: expected slots (docs/source.md) and what became of them. Which attempt of a
slot is current does not matter here: unify.py.
"""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.reference import jobs, rules

Row = dict[str, Any]
Place = tuple[str, str]

OPEN = frozenset({"completed", "in_flight"})
NO_MODEL = "unknown"


def job_progress(database: dict[str, list[Row]], attempts: list[Row]) -> list[Row]:
    """Return the progress of every job.

    Args:
        database: Rows of the raw tables by table name.
        attempts: What ``unified_attempts`` says about the same database.

    Returns:
        One row per job, requested region and model that was asked for or observed.
    """
    specs = {job["jobspec_id"]: job for job in database["jobs"]}
    by_job: dict[str, list[Row]] = {job_id: [] for job_id in specs}
    for attempt in attempts:
        if attempt["job_id"] is not None:
            by_job.setdefault(attempt["job_id"], []).append(attempt)
    results = {row["id"]: row for row in database["region_results"]}
    return [
        {"job_id": job_id, "requested_region": place[0], "model_id": place[1], **counts}
        for job_id, rows in by_job.items()
        for place, counts in _places(specs.get(job_id), rows, results).items()
    ]


def _places(job: Row | None, rows: list[Row], results: dict[Any, Row]) -> dict[Place, Row]:
    asked = _asked(job, rows)
    observed = _observed_executions(rows) | _observed_results(rows, results)
    nothing = {"slots": 0, "completed": 0, "answered": 0, "failed": 0, "is_whole_list": False}
    return {
        place: _counts(place, asked.get(place, 0), observed.get(place, nothing))
        for place in asked.keys() | observed.keys()
    }


def _asked(job: Row | None, rows: list[Row]) -> dict[Place, int]:
    if rows and all("resubmitted" in row["flags"] for row in rows):
        return {}
    regions = jobs.requested_regions(job) or {
        row["requested_region"] for row in rows if row["requested_region"] != "UNKNOWN"
    }
    models = jobs.requested_models(job) or {
        row["requested_model_id"] for row in rows if row["requested_model_id"] is not None
    }
    questions = max(1, len(jobs.requested_questions(job)))
    if rows and all(row["source"] == "cross_region_result" for row in rows):
        return {(region, NO_MODEL): max(1, len(models)) * questions for region in regions}
    return {(region, model): questions for region in regions for model in models}


def _observed_executions(rows: list[Row]) -> dict[Place, Row]:
    slots = defaultdict(list)
    for row in rows:
        if row["source"] != "cross_region_result":
            model = row["requested_model_id"] or NO_MODEL
            slots[row["requested_region"], model, row["question_id"]].append(row)
    places = defaultdict(list)
    for (region, model, _), tries in slots.items():
        places[region, model].append(tries)
    return {place: _summary(groups) for place, groups in places.items()}


def _summary(slots: list[list[Row]]) -> Row:
    states = [[row["status"] for row in tries] for tries in slots]
    return {
        "slots": len(states),
        "completed": sum("completed" in tries for tries in states),
        "answered": sum(any(row["has_answer"] for row in tries) for tries in slots),
        "failed": sum("completed" not in tries and not OPEN.issuperset(tries) for tries in states),
        "is_whole_list": any(
            row["status"] == "completed" and row["question_id"] == "multi"
            for tries in slots
            for row in tries
        ),
    }


def _observed_results(rows: list[Row], results: dict[Any, Row]) -> dict[Place, Row]:
    places = defaultdict(list)
    for row in rows:
        if row["source"] == "cross_region_result" and row["is_current"]:
            counts = results[row["region_result_id"]]["metadata"]
            places[row["requested_region"], NO_MODEL].append(_result(row, counts))
    return {
        place: {
            **{name: max(row[name] for row in found) for name in found[0]},
            "is_whole_list": False,
        }
        for place, found in places.items()
    }


def _result(row: Row, counts: rules.Json) -> Row:
    succeeded = _whole(counts, "success_count")
    return {
        "slots": _or(_whole(counts, "total_executions"), 1),
        "completed": _or(succeeded, int(row["status"] == "completed")),
        "answered": _or(succeeded, 1) if row["has_answer"] else 0,
        "failed": _or(_whole(counts, "failure_count"), int(row["status"] not in OPEN)),
    }


def _whole(counts: rules.Json, key: str) -> int | None:
    number = rules.number_at(counts, key)
    return None if number is None else rules.round_half_up(number)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _counts(place: Place, asked: int, observed: Row) -> Row:
    # A failure before any region was known takes no slot of a region (I-6).
    expected = 0 if place[0] == "UNKNOWN" else max(asked, observed["slots"])
    is_whole = observed["is_whole_list"]
    completed = expected if is_whole else observed["completed"]
    failed = 0 if is_whole else observed["failed"]
    return {
        "expected": expected,
        "completed": completed,
        "answered": expected if is_whole else observed["answered"],
        "failed": failed,
        "pending": max(0, expected - completed - failed),
        "percent": _percent(completed, expected),
    }


def _percent(part: int, whole: int) -> float | None:
    if whole == 0:
        return None
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP))

"""How far each job has come, per requested region and model, in plain Python.

Belongs here: expected slots (docs/source.md) and what became of them. Which attempt of a
slot is current does not matter here: unify.py.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.reference import jobs, rules
from tests.reference.unify import latest_cross_region

Row = dict[str, Any]
Place = tuple[str, str]

OPEN = frozenset({"completed", "in_flight"})
ENDED = frozenset({"completed", "failed", "timeout", "cancelled"})
RUN_ENDED = frozenset({"completed", "partial", "failed"})
LOST_DAYS = (
    datetime(2025, 10, 8, tzinfo=UTC),
    datetime(2025, 10, 13, 16, 16, tzinfo=UTC),
)
NOT_OF_THIS_JOB = frozenset({"covered_by_executions", "superseded_execution"})
NO_MODEL = "unknown"
NOTHING = {"completed": 0, "answered": 0, "failed": 0, "slots": 0, "is_whole_list": False}


def job_progress(database: dict[str, list[Row]], attempts: list[Row]) -> list[Row]:
    """Return the progress of every job.

    Args:
        database: Rows of the raw tables by table name.
        attempts: What ``unified_attempts`` says about the same database.

    Returns:
        One row per job, requested region and model that was asked for or observed.
    """
    specs = {job["jobspec_id"]: job for job in database["jobs"]}
    runs = latest_cross_region(database["cross_region_executions"])
    by_job: dict[str, list[Row]] = {job_id: [] for job_id in specs}
    for attempt in attempts:
        if attempt["job_id"] is not None:
            by_job.setdefault(attempt["job_id"], []).append(attempt)
    results = {row["id"]: row for row in database["region_results"]}
    return [
        {"job_id": job_id, "requested_region": place[0], "model_id": place[1], **counts}
        for job_id, rows in by_job.items()
        for place, counts in _places(specs.get(job_id), runs.get(job_id), rows, results)
    ]


def _places(
    job: Row | None, run: Row | None, rows: list[Row], results: dict[Any, Row]
) -> Iterator[tuple[Place, Row]]:
    asked = _asked(job, rows, results, is_standard=run is None)
    counted = [row for row in rows if row["attempt_reason"] not in NOT_OF_THIS_JOB]
    observed = _observed([row for row in counted if not _is_failed_region(row)])
    answered = {place[0] for place, counts in observed.items() if counts["answered"]}
    failed = {row["requested_region"] for row in counted if _is_failed_region(row)}
    for region in failed - {place[0] for place in asked} - {"UNKNOWN"}:
        place = (region, NO_MODEL)
        known = observed.get(place, NOTHING)
        observed[place] = {**known, "slots": known["slots"] + 1, "failed": known["failed"] + 1}
    if "UNKNOWN" in failed:
        known = observed.get(("UNKNOWN", NO_MODEL), NOTHING)
        observed["UNKNOWN", NO_MODEL] = {**known, "failed": known["failed"] + 1}
    for place in asked.keys() | observed.keys():
        is_lost = place[0] in failed - answered
        yield (
            place,
            _counts(
                place,
                asked.get(place, 0),
                observed.get(place, NOTHING),
                is_lost=is_lost,
                has_ended=_has_ended(job, run),
            ),
        )


def _is_failed_region(row: Row) -> bool:
    return (
        row["source"] == "cross_region_result"
        and row["requested_model_id"] is None
        and row["status"] not in OPEN
    )


def _has_ended(job: Row | None, run: Row | None) -> bool:
    created = rules.utc(job["created_at"]) if job else None
    if run is not None:
        created = created or rules.utc(run["created_at"])
        if run["status"] in RUN_ENDED:
            return True
        if created is not None and LOST_DAYS[0] <= created < LOST_DAYS[1]:
            return True
    return job is not None and rules.unified_status(job["status"]) in ENDED


def _asked(
    job: Row | None, rows: list[Row], results: dict[Any, Row], *, is_standard: bool
) -> dict[Place, int]:
    regions = jobs.requested_regions(job, is_standard=is_standard)
    noted = {} if regions else _noted(rows, results)
    if rows and all("resubmitted" in row["flags"] for row in rows):
        return noted
    if rows and not regions and all(row["source"] == "cross_region_result" for row in rows):
        return noted
    models = jobs.requested_models(job)
    limits = jobs.model_regions(job, is_standard=is_standard)
    unasked = {
        (region, model)
        for region in regions
        for model in models & limits.keys()
        if region not in limits[model]
    }
    regions = regions or {
        row["requested_region"] for row in rows if row["requested_region"] != "UNKNOWN"
    }
    models = models or {
        row["requested_model_id"] for row in rows if row["requested_model_id"] is not None
    }
    questions = max(1, len(jobs.requested_questions(job)))
    places = {(region, model) for region in regions for model in models}
    return dict.fromkeys(places - unasked, questions)


def _noted(rows: list[Row], results: dict[Any, Row]) -> dict[Place, int]:
    """Return how many executions a run without a spec says it asked of its regions."""
    noted: dict[Place, int] = {}
    for row in rows:
        if row["is_current"] and row["region_result_id"] and row["requested_region"] != "UNKNOWN":
            metadata = results[row["region_result_id"]]["metadata"]
            total = rules.number_at(metadata, "total_executions")
            place = (row["requested_region"], row["requested_model_id"] or NO_MODEL)
            slots = 1 if total is None else rules.round_half_up(total)
            noted[place] = max(noted.get(place, slots), slots)
    return noted


def _observed(rows: list[Row]) -> dict[Place, Row]:
    slots = defaultdict(list)
    for row in rows:
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


def _counts(place: Place, asked: int, observed: Row, *, is_lost: bool, has_ended: bool) -> Row:
    # A failure before any region was known takes no slot of a region (I-6).
    if place[0] == "UNKNOWN":
        nothing = dict.fromkeys(("expected", "completed", "answered", "failed"), 0)
        open_slots = {"missing": 0, "pending": 0}
        lost = {"failures_without_region": observed["failed"], "percent": None}
        return {**nothing, **open_slots, **lost}
    expected = max(asked, observed["slots"])
    is_whole = observed["is_whole_list"]
    completed = expected if is_whole else observed["completed"]
    answered = expected if is_whole else observed["answered"]
    failed = observed["failed"] + observed["completed"] - observed["answered"]
    failed = 0 if is_whole else expected - answered if is_lost else failed
    left = expected - answered - failed
    return {
        "expected": expected,
        "completed": completed,
        "answered": answered,
        "failed": failed,
        "missing": left if has_ended else 0,
        "pending": 0 if has_ended else left,
        "failures_without_region": 0,
        "percent": _percent(completed, expected),
    }


def _percent(part: int, whole: int) -> float | None:
    if whole == 0:
        return None
    return float((Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP))

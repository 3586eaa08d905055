"""Hypothesis strategies for whole, tiny runner databases as the warehouse holds them (``raw.*``).

Belongs here: jobs of both workflows, their rows, duplicates, copies, retries and orphans. Values
come from small alphabets, because the rules under test are about collisions.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from operator import add
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.reference.rules import JSON_NULL
from tests.reference.shapes import (
    NONSENSE,
    OUTPUTS,
    PALETTES,
    PROMPT,
    PROVIDERS,
    RECEIPTS,
    Palette,
    fill,
    mostly,
    slots,
    weighted,
)
from tests.reference.unify import Database, Row

JOB_NAMES = mostly(
    *("bias-detection-1760366783099", "bias-detection-1759000000", "cross-region-7", "latest-1"),
    odd=("testing-1", "Test-9", "simple-run-1", "full-run-1", "final-run-1", "fullness"),
    share=2,
)
JOB_STATUSES = st.sampled_from(
    ("completed", "running", "queued", "failed", "cancelled", "finalizing", None)
)
EXECUTION_STATUSES = mostly(
    "completed",
    odd=(
        *("failed", "failed", "failed", "timeout", "error", "retrying", "cancelled", "pending"),
        *("running", "Completed", " failed ", "exploded", "", None),
    ),
    share=2,
)
RESULT_STATUSES = mostly("success", odd=("failed", "timeout", "running", "odd"), share=2)
BENCHMARKS = mostly("bias-detection", odd=("ad hoc", "Ad-hoc check", "benchmark ad hoc", None))
STARTS = st.sampled_from(
    [
        datetime.fromisoformat(text)
        for text in (
            "2025-09-26T23:59:59.999999",
            "2025-09-27T00:00:00",
            "2025-09-29T23:59:59.999999",
            "2025-09-30T00:00:00",
            "2025-10-13T16:16:00",
            "2025-11-02T08:30:15.123456",
        )
    ]
)
LATER = st.sampled_from(
    [
        timedelta(milliseconds=ms)
        for ms in (
            *(0, 0.001, 0.4, 7, 999, 999.5, 1_000, 1_500, 61_234.567),
            *(39_999.5, 40_000, 120_000, -0.001, -40),
        )
    ]
)
YEAR_ONE = datetime.fromisoformat("0001-01-01")
DAYS = st.sampled_from((date(2025, 9, 26), date(2025, 10, 1), date(2025, 11, 2)))
LATE_STARTS = st.builds(add, STARTS, LATER)


@st.composite
def times(draw: st.DrawFn) -> Row:
    """Draw started_at, completed_at and created_at, now and then missing or in the year 1."""
    started = draw(STARTS)
    completed = started + draw(LATER)
    moments: Row = {
        "started_at": started,
        "completed_at": completed,
        "created_at": completed + draw(LATER),
    }
    odd = draw(st.sampled_from((*moments, *[None] * 12)))
    if odd is not None:
        moments[odd] = draw(st.sampled_from((None, YEAR_ONE)))
    return moments


TIMES = times()
EXECUTIONS = st.tuples(
    st.fixed_dictionaries(
        {
            "provider_id": PROVIDERS,
            "region": st.sampled_from(slots("regions")),
            "status": EXECUTION_STATUSES,
            "output_data": OUTPUTS,
            "receipt_data": RECEIPTS,
            "model_id": st.sampled_from(slots("models")),
            "question_id": st.sampled_from(slots("questions")),
            "system_prompt": mostly(None, odd=("You are based in Europe.", " "), share=3),
            "retry_count": mostly(0, odd=(1, 3, None)),
            "max_retries": st.just(3),
        }
    ),
    TIMES,
).map(lambda parts: {**parts[0], **parts[1]})
"""Rows of executions without id and job, their palette not yet filled in."""

FAILED = {"status": "failed", "provider_id": "", "output_data": None, "receipt_data": None}
ANSWERED = {"status": "completed", "output_data": {"response": "Paris."}, "receipt_data": None}


def asked(question: str) -> Row:
    """Return the receipt of a prompt."""
    return {"receipt_data": {"output": {"prompt": PROMPT.format(question)}}}


INCIDENTS: st.SearchStrategy[tuple[Row, timedelta]] = st.sampled_from(
    (
        # I-2 numbered list and lost question, I-6 early failure, I-9 outage, I-11 time-out, noise,
        # and answers of no region that is known.
        ({**ANSWERED, **asked("1. Is it?\n2. Why?"), "question_id": None}, timedelta(seconds=2)),
        ({**ANSWERED, **asked("Is water wet?"), "question_id": None}, timedelta(seconds=2)),
        ({**FAILED, "region": "unknown", "question_id": None}, timedelta()),
        ({**FAILED, "region": "US"}, timedelta(milliseconds=40)),
        ({**FAILED, "output_data": {"error": "deadline exceeded"}}, timedelta(seconds=120)),
        ({**ANSWERED, "output_data": {"response": "system\nYou"}}, timedelta(seconds=2)),
        ({**ANSWERED, "region": "unknown"}, timedelta(seconds=2)),
        ({**ANSWERED, "region": "mars"}, timedelta(seconds=2)),
    )
)


def with_incident(row: Row, incident: tuple[Row, timedelta]) -> Row:
    """Return a row that shows one incident: its columns and its duration."""
    columns, duration = incident
    started = row["started_at"] or YEAR_ONE
    return {**row, **columns, "completed_at": started + duration}


CHANGEABLE = (
    *("region", "status", "output_data", "receipt_data", "model_id", "question_id"),
    *("retry_count", "started_at", "completed_at"),
)
COPY_CHANGES = st.sets(st.sampled_from(("model_id", "question_id", "region")), min_size=1)
CHANGES = st.sets(st.sampled_from(CHANGEABLE), max_size=2)


@st.composite
def execution_lists(draw: st.DrawFn) -> list[Row]:
    """Draw the executions of one job; many of them repeat an earlier one."""
    rows: list[Row] = []
    for _ in range(draw(st.sampled_from((0, 0, *range(1, 7))))):
        row = draw(EXECUTIONS)
        kind = draw(st.sampled_from(("new", "new", "incident", "repeated", "copied")))
        if kind == "incident":
            row = with_incident(row, draw(INCIDENTS))
        elif rows and kind != "new":
            changed = draw(CHANGES if kind == "repeated" else COPY_CHANGES)
            row = {**draw(st.sampled_from(rows)), **{column: row[column] for column in changed}}
        rows.append(row)
    return rows


SPEC_TIMES = weighted(
    (3, LATE_STARTS.map(lambda moment: moment.isoformat() + "Z")),
    (1, LATE_STARTS.map(lambda moment: moment.isoformat(sep=" "))),
    (1, LATE_STARTS.map(lambda moment: moment.isoformat() + "+05:30")),
    (1, st.sampled_from(("yesterday", "", "2025-10-32T00:00:00Z", "0001-01-01T00:00:00Z"))),
)
SPECS = st.fixed_dictionaries(
    {
        "benchmark": st.fixed_dictionaries(
            {"name": BENCHMARKS},
            optional={
                "input": st.fixed_dictionaries(
                    {"data": st.fixed_dictionaries({"prompt": st.sampled_from(slots("questions"))})}
                )
            },
        ),
        "constraints": st.fixed_dictionaries(
            {"regions": st.lists(st.sampled_from(slots("regions")), max_size=3)}
        ),
        "metadata": st.fixed_dictionaries(
            {
                "models": st.lists(
                    st.sampled_from(
                        [*slots("models"), *({"id": slot} for slot in slots("models"))]
                    ),
                    max_size=3,
                )
            }
        ),
        "questions": st.lists(st.sampled_from(slots("questions")), max_size=3),
    },
    optional={
        "created_at": SPEC_TIMES,
        "models": st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(slots("models"))},
                optional={"regions": st.lists(st.sampled_from(slots("regions")), max_size=2)},
            ),
            max_size=2,
        ),
    },
)
ODD_SPECS = st.tuples(
    SPECS,
    st.sampled_from(("benchmark", "constraints", "metadata", "questions", "created_at")),
    st.sampled_from(NONSENSE),
).map(lambda parts: {**parts[0], parts[1]: parts[2]})
JOB_SPECS = weighted((6, SPECS), (1, ODD_SPECS), (1, st.sampled_from((None, JSON_NULL, []))))
"""jobspec_data: what the job asked for, sometimes in odd forms."""

JOBS = st.fixed_dictionaries(
    {
        "jobspec_data": JOB_SPECS,
        "status": JOB_STATUSES,
        "created_at": weighted((4, STARTS), (1, st.sampled_from((None, YEAR_ONE)))),
        "updated_at": LATE_STARTS,
        "job_day": DAYS,
    }
)
WRAPPED_OUTPUTS = OUTPUTS.map(
    lambda data: {"data": None if data is JSON_NULL else data, "hash": "h"}
)
RESULT_OUTPUTS = weighted((4, WRAPPED_OUTPUTS), (1, OUTPUTS))
COUNTS = st.fixed_dictionaries(
    {},
    optional={
        "success_count": st.sampled_from((0, 2, "3", None)),
        "failure_count": st.sampled_from((0, 1, 2.5)),
        "total_executions": st.sampled_from((0, 3, 6)),
    },
)
RESULT_COUNTS = weighted((3, COUNTS), (1, st.sampled_from((None, JSON_NULL, []))))
RESULTS = st.tuples(
    st.fixed_dictionaries(
        {
            "region": st.sampled_from(slots("regions")),
            "provider_id": PROVIDERS,
            "status": RESULT_STATUSES,
            "duration_ms": st.sampled_from((None, 0, 1_234, -5)),
            "execution_output": RESULT_OUTPUTS,
            "error_message": st.sampled_from(("", "", "deadline exceeded", None)),
            "model_id": st.just("llama3.2-1b"),
            "metadata": RESULT_COUNTS,
        }
    ),
    TIMES,
).map(lambda parts: {**parts[0], **{k: v and v.replace(tzinfo=UTC) for k, v in parts[1].items()}})
RESULT_LISTS = st.lists(RESULTS, max_size=3)
"""Rows of region_results without their keys."""

CROSS_REGION_EXECUTIONS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(("running", "completed", "partial", "failed")),
        "started_at": STARTS.map(lambda moment: moment.replace(tzinfo=UTC)),
        "created_at": weighted((4, LATE_STARTS), (1, st.sampled_from((None, YEAR_ONE)))).map(
            lambda moment: moment and moment.replace(tzinfo=UTC)
        ),
    }
)


def empty_database() -> Database:
    """Return a database without rows."""
    return {
        "jobs": [],
        "executions": [],
        "cross_region_executions": [],
        "region_results": [],
    }


@st.composite
def databases(draw: st.DrawFn) -> Database:
    """Draw a database of one or two jobs, with orphans now and then."""
    database = empty_database()
    for name in draw(st.lists(JOB_NAMES, min_size=1, max_size=2, unique=True)):
        _add_job(draw, database, name)
    if draw(st.sampled_from((True, *[False] * 5))):
        _add_orphans(draw, database)
    return database


def _add_job(draw: st.DrawFn, database: Database, name: str) -> None:
    palette = draw(PALETTES)
    number = len(database["jobs"]) + 1
    job = {"id": number, "jobspec_id": name, **draw(JOBS)}
    database["jobs"].append(fill(job, palette))
    _add_executions(draw, database, palette, number, job["job_day"])
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        _add_cross_region(draw, database, palette, name, job["job_day"])


def _add_executions(
    draw: st.DrawFn, database: Database, palette: Palette, job_id: int | None, day: date
) -> None:
    table = database["executions"]
    for row in fill(draw(execution_lists()), palette):
        table.append({"id": len(table) + 1, "job_id": job_id, "job_day": day, **row})


def _add_cross_region(
    draw: st.DrawFn, database: Database, palette: Palette, name: str, day: date
) -> None:
    table = database["cross_region_executions"]
    key = UUID(int=len(table) + 1)
    table.append({"id": key, "jobspec_id": name, "job_day": day, **draw(CROSS_REGION_EXECUTIONS)})
    _add_results(draw, database, palette, key, day)


def _add_results(
    draw: st.DrawFn, database: Database, palette: Palette, execution: UUID, day: date
) -> None:
    table = database["region_results"]
    for row in fill(draw(RESULT_LISTS), palette):
        keys = {"id": UUID(int=1_000 + len(table)), "cross_region_execution_id": execution}
        table.append({**keys, "job_day": day, **row})


def _add_orphans(draw: st.DrawFn, database: Database) -> None:
    palette, day = draw(PALETTES), draw(DAYS)
    _add_executions(draw, database, palette, draw(st.sampled_from((None, 99))), day)
    _add_cross_region(draw, database, palette, "no-such-job", day)
    _add_results(draw, database, palette, UUID(int=999), day)


def sample(size: int) -> list[Database]:
    """Return the same databases in every run, no two of them alike.

    Args:
        size: How many at least.

    Returns:
        Databases, empty ones included.
    """
    drawn: dict[str, Database] = {}

    def keep(database: Database) -> None:
        drawn[repr(database)] = database

    seeds = count()
    while len(drawn) < size:
        # Hypothesis varies what it has drawn; starting anew gives databases that differ more.
        draw_some = settings(
            max_examples=8,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )(given(databases())(keep))
        seed(next(seeds))(draw_some)()
    return [*drawn.values()]

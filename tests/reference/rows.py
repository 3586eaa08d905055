"""Sound source rows for examples: each function takes what is different about a row.

Belongs here: builders of tiny hand-written databases. Random ones: strategies.py.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tests.reference.unify import Database, Json, Row

DAY = date(2025, 11, 2)
START = datetime.fromisoformat("2025-11-02T08:00:00")
JOB_ID = "bias-detection-1762070400000"
PROMPT = "system\nYou are helpful.\nuser\n{}\nassistant\n"


@dataclass(frozen=True)
class Example:
    """A database and the columns of its attempts that matter, by execution_key."""

    sentence: str
    database: Database
    expected: dict[str, Row]


def after(**delta: float) -> datetime:
    """Return a wall-clock time after the start of the examples' job."""
    return START + timedelta(**delta)


def success(text: Json = "Paris.", **metadata: Json) -> Row:
    """Return output_data of a success (shape A)."""
    served = {"region": "us-east", "model": "llama3.2-1b", "receipt": None, "failure": None}
    return {"response": text, "provider": "modal-us-east", "metadata": {**served, **metadata}}


def failure(code: str = "ROUTER_HTTP_500") -> Row:
    """Return output_data of a failure (shape B)."""
    return {"error": "boom", "error_code": code, "failure": {"code": code, "type": "http_error"}}


def job(**changes: Json) -> Row:
    """Return a standard job of one slot."""
    spec = {
        "benchmark": {"name": "bias-detection"},
        "constraints": {"regions": ["us-east"]},
        "metadata": {"models": ["llama3.2-1b"]},
        "questions": ["math_basic"],
    }
    return {
        "id": 1,
        "jobspec_id": JOB_ID,
        "jobspec_data": spec,
        "status": "completed",
        "created_at": START,
        "updated_at": START,
        "job_day": DAY,
        **changes,
    }


def execution(number: int = 1, **changes: Json) -> Row:
    """Return an execution that completed with an answer, two seconds after its start."""
    return {
        "id": number,
        "job_id": 1,
        "job_day": DAY,
        "provider_id": "modal-us-east",
        "region": "us-east",
        "status": "completed",
        "output_data": success(),
        "receipt_data": None,
        "model_id": "llama3.2-1b",
        "question_id": "math_basic",
        "retry_count": 0,
        "max_retries": 3,
        "started_at": START,
        "completed_at": after(seconds=2),
        "created_at": after(seconds=3),
        **changes,
    }


def cross_region_execution(number: int = 1, **changes: Json) -> Row:
    """Return a cross-region execution of the job."""
    started = START.replace(tzinfo=UTC)
    keys = {"id": UUID(int=number), "jobspec_id": JOB_ID, "job_day": DAY}
    times = {"started_at": started, "created_at": started}
    return {**keys, "status": "completed", **times, **changes}


def region_result(number: int = 1001, **changes: Json) -> Row:
    """Return a successful region result of the first cross-region execution."""
    return {
        "id": UUID(int=number),
        "cross_region_execution_id": UUID(int=1),
        "job_day": DAY,
        "region": "US",
        "provider_id": "modal-us-east",
        "status": "success",
        "duration_ms": 1500,
        "execution_output": {"data": success(), "hash": "h"},
        "error_message": "",
        "metadata": {"success_count": 2, "failure_count": 1, "total_executions": 3},
        "model_id": "llama3.2-1b",
        "started_at": START.replace(tzinfo=UTC),
        "completed_at": after(seconds=2).replace(tzinfo=UTC),
        "created_at": after(seconds=3).replace(tzinfo=UTC),
        **changes,
    }


def database(
    *executions: Row,
    jobs: tuple[Row, ...] | None = None,
    cross_region_executions: tuple[Row, ...] = (),
    region_results: tuple[Row, ...] = (),
) -> Database:
    """Return a database of one job with these rows."""
    return {
        "jobs": [job()] if jobs is None else [*jobs],
        "executions": [*executions],
        "cross_region_executions": [*cross_region_executions],
        "region_results": [*region_results],
    }

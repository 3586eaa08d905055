"""The unified attempts of a small runner database, in plain Python (docs/source.md).

Belongs here: rules that compare rows of different tables or of one job. What one row says is in
rules.py and flags.py.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from dagster_project.answer_files import BLANKS
from tests.reference import rules
from tests.reference.flags import Facts, exclusion_reason, own_flags

Json = Any
Row = dict[str, Any]
Database = dict[str, list[Row]]


def unified_attempts(database: Database) -> list[Row]:
    """Return every attempt of a database: executions, exploded responses and region results.

    Args:
        database: Rows of the raw tables by table name, as the warehouse holds them.

    Returns:
        One row per attempt, keys as the columns of ``int_executions__resolved``.
    """
    latest = latest_cross_region(database["cross_region_executions"])
    attempts = [*_executions(database, latest), *_region_results(database, latest)]
    by_job = defaultdict(list)
    for attempt in attempts:
        by_job[attempt["job_id"]].append(attempt)
    for job_id, rows in by_job.items():
        if job_id is not None:
            _mark_losers(rows)
    return attempts


def latest_cross_region(rows: Iterable[Row]) -> dict[str, Row]:
    """Return the current cross-region execution of each jobspec: latest created_at, then id."""
    latest: dict[str, Row] = {}
    never = datetime.min.replace(tzinfo=UTC)
    for row in sorted(rows, key=lambda row: (rules.utc(row["created_at"]) or never, row["id"])):
        latest[row["jobspec_id"]] = row
    return latest


# --- executions ----------------------------------------------------------------------------------


def _executions(database: Database, latest: dict[str, Row]) -> list[Row]:
    jobs = {job["id"]: job for job in database["jobs"]}
    return [
        attempt
        for row in database["executions"]
        for attempt in _execution(row, jobs.get(row["job_id"]), latest)
    ]


def _execution(row: Row, job: Row | None, latest: dict[str, Row]) -> list[Row]:
    job_id = job["jobspec_id"] if job else None
    cross_region = latest.get(job_id or "")
    identity = {
        "execution_key": f"e:{row['id']}",
        "job_id": job_id,
        "job_number": row["job_id"],
        "source_status": row["status"],
        "execution_id": row["id"],
        "region_result_id": None,
        "cross_region_execution_id": cross_region and cross_region["id"],
        "source": "cross_region" if cross_region else "standard",
    }
    items = rules.exploded(row["output_data"])
    if not items:
        text = rules.answer_text(row["output_data"])
        return [_attempt(identity, row, job, text, row["question_id"])]
    return [
        _attempt(
            {
                **identity,
                "execution_key": f"e:{row['id']}#{index}",
                "response_index": index,
            },
            {**row, "status": "failed"} if rules.dig(item, "success") is False else row,
            job,
            rules.item_text(item),
            rules.text_at(item, "question_id") or row["question_id"],
        )
        for index, item in enumerate(items, start=1)
    ]


def _attempt(
    identity: Row,
    row: Row,
    job: Row | None,
    text: str | None,
    stored_question: str | None,
) -> Row:
    output = rules.dig(row, "output_data")
    receipt = rules.fresh_receipt(output, rules.dig(row, "receipt_data"))
    # A region result's model is the column's default: no evidence (docs/source.md).
    is_result = identity["source"] == "cross_region_result"
    requested = rules.canonical_region(row["region"])
    claimed_model = None if is_result else rules.canonical_model(row["model_id"])
    facts = Facts(
        row=row,
        job=job,
        job_id=identity["job_id"],
        output=output,
        receipt=receipt,
        source=identity["source"],
        status=rules.unified_status(row["status"]),
        requested_region=requested,
        region=rules.served_region(output, receipt) or requested,
        stored_model=row["model_id"],
        claimed_model=claimed_model,
        model=rules.canonical_model(rules.served_model(output, receipt)) or claimed_model,
        stored_question=rules.canonical_question(stored_question),
        question=_question(stored_question, rules.asked(output, receipt)),
        text=text,
        started=rules.utc(row["started_at"]),
        completed=rules.utc(row["completed_at"]),
        created=rules.utc(row["created_at"]),
        error_code=rules.error_code(output),
        error_message=rules.error_message(
            output, row.get("error_message", row.get("original_error"))
        ),
        retry_count=row["retry_count"] or 0,
    )
    return _resolved(identity, facts)


def _question(stored: str | None, asked: str | None) -> str | None:
    question = rules.canonical_question(stored)
    if question is not None or asked is None:
        return question
    return "multi" if rules.asks_several(asked) else rules.canonical_question(asked)


def _resolved(identity: Row, facts: Facts) -> Row:
    flags = own_flags(facts)
    return {
        "response_index": None,
        **identity,
        "job_day": facts.row["job_day"],
        "requested_region": facts.requested_region,
        "region": facts.region,
        "stored_model_id": facts.stored_model,
        "requested_model_id": facts.requested_model,
        "model_id": facts.model,
        "question_id": facts.question,
        "question_category": rules.question_category(facts.question),
        "prompt_variant": rules.prompt_variant(
            (facts.row.get("system_prompt") or "").strip(BLANKS)
            or rules.evidence_text(facts.output, facts.receipt, "system_prompt"),
            facts.region,
        ),
        "provider_id": facts.row["provider_id"],
        "status": facts.status,
        "started_at": facts.started,
        "completed_at": facts.completed,
        "created_at": facts.created,
        "duration_ms": facts.duration_ms,
        "has_answer": facts.text_state == "answered",
        "text_state": facts.text_state,
        "answer_text": facts.text,
        "bias_score": _bias_score(facts),
        "error_code": facts.error_code,
        "error_message": facts.error_message,
        "is_provider_block": rules.is_provider_block(facts.output, facts.receipt),
        "retry_count": facts.retry_count,
        "flags": flags,
        "exclusion_reason": exclusion_reason(facts, flags),
        "is_current": True,
        "attempt_reason": None,
        "attempt_rank": 1,
        "fingerprint": _fingerprint(facts),
        "claimed_model": facts.claimed_model,
        "asked_question": rules.canonical_question(rules.asked(facts.output, facts.receipt)),
    }


def _bias_score(facts: Facts) -> float | None:
    wrapped = ("data",) if facts.source == "cross_region_result" else ()
    score = rules.number_at(facts.output, *wrapped, "bias_score", "bias_score")
    return None if score is None else float(score)


def _fingerprint(facts: Facts) -> str | None:
    receipt_id = rules.text_at(facts.receipt, "id")
    if not isinstance(facts.output, dict) or receipt_id is None:
        return None
    # The score arrives later, perhaps only in one of the copies.
    output = {key: value for key, value in facts.output.items() if key != "bias_score"}
    return json.dumps([output, receipt_id], sort_keys=True)


# --- region results ------------------------------------------------------------------------------


def _region_results(database: Database, latest: dict[str, Row]) -> list[Row]:
    executions = {row["id"]: row for row in database["cross_region_executions"]}
    jobs = {job["jobspec_id"]: job for job in database["jobs"]}
    covered = {row["job_id"] for row in database["executions"]}
    attempts = []
    for row in database["region_results"]:
        execution = executions.get(row["cross_region_execution_id"])
        job_id = execution["jobspec_id"] if execution else None
        job = jobs.get(job_id or "")
        attempt = _region_result(row, job_id, job)
        if job is not None and job["id"] in covered:
            _lose(attempt, "covered_by_executions")
        elif execution is not None and latest[execution["jobspec_id"]] is not execution:
            _lose(attempt, "superseded_execution")
        attempts.append(attempt)
    return attempts


def _region_result(row: Row, job_id: str | None, job: Row | None) -> Row:
    identity = {
        "execution_key": f"r:{row['id']}",
        "job_id": job_id,
        "job_number": job and job["id"],
        "source_status": row["status"],
        "execution_id": None,
        "region_result_id": row["id"],
        "cross_region_execution_id": row["cross_region_execution_id"],
        "source": "cross_region_result",
    }
    as_execution = {
        **row,
        "output_data": row["execution_output"],
        "receipt_data": None,
        "retry_count": 0,
    }
    text = rules.answer_text(row["execution_output"])
    return _attempt(identity, as_execution, job, text, None)


# --- attempts of one job -------------------------------------------------------------------------


def _mark_losers(rows: list[Row]) -> None:
    for winner, losers in _groups(rows, "fingerprint", "response_index", prefer=_copy_preference):
        for rank, loser in enumerate(losers, start=2):
            _lose(loser, "duplicate" if _asks_alike(loser, winner) else "copied", rank)
    for winner, losers in _groups(rows, "question_id", "region", "model_id"):
        for rank, loser in enumerate(losers, start=2):
            _lose(loser, "duplicate" if _asks_alike(loser, winner) else "extra_sample", rank)


def _asks_alike(left: Row, right: Row) -> bool:
    columns = ("requested_region", "claimed_model", "question_id")
    return all(left[column] == right[column] for column in columns)


def _copy_preference(row: Row) -> tuple[Any, ...]:
    return (
        row["question_id"] is None or row["question_id"] != row["asked_question"],
        row["claimed_model"] is None or row["claimed_model"] != row["model_id"],
        row["requested_region"] != row["region"],
        *_preference(row),
    )


def _preference(row: Row) -> tuple[Any, ...]:
    completed = row["completed_at"]
    return (
        not row["has_answer"],
        row["retry_count"] != 0,
        -completed.timestamp() if completed else float("inf"),
        -(row["execution_id"] or 0),
        row["response_index"] or 0,
    )


def _groups(
    rows: list[Row],
    evidence: str,
    *columns: str,
    prefer: Callable[[Row], tuple[Any, ...]] = _preference,
) -> Iterator[tuple[Row, list[Row]]]:
    groups = defaultdict(list)
    for row in rows:
        if row["is_current"] and row[evidence] is not None:
            groups[row[evidence], *(row[column] for column in columns)].append(row)
    for group in groups.values():
        winner, *losers = sorted(group, key=prefer)
        yield winner, losers


def _lose(row: Row, reason: str, rank: int = 1) -> None:
    row["is_current"] = False
    row["attempt_reason"] = reason
    row["attempt_rank"] = rank
    row["flags"] |= {reason} & {"duplicate", "copied"}

"""What must hold for the portal's payloads in any warehouse: the contract, and the source's values.

Belongs here: checks that read a database and return what is wrong. Does not belong here: rows.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from jsonschema import Draft202012Validator
from psycopg.rows import dict_row

from dagster_project.paths import PROJECT_DIR

Row = dict[str, Any]

CONTRACTS = PROJECT_DIR / "docs" / "contracts"
VIEWS = (
    "job_executions",
    "job_live",
    "job_comparison",
    "bias_analysis",
    "can_analyse",
    "job_trends",
    "provider_reliability",
    "region_profile",
)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
RECOMPUTED = {
    "response_classification",
    "is_substantive",
    "is_content_refusal",
    "response_length",
}
"""Keys of an execution that are not stored in the source."""

SHOWN = """
    select distinct job_id, execution_id, region_result_id, model_id, question_id
    from analytics.execution_attempts
    where job_id is not null and (is_current or attempt_reason = 'extra_sample')
"""
EXECUTIONS = """
    select executions.*, executions.receipt_data is not null as has_receipt
    from raw.executions as executions
"""
NATIVE = """
    select facts.job_id, analyses.*
    from analytics.fct_job_bias_metrics as facts
    inner join raw.cross_region_analyses as analyses on facts.native_analysis_id = analyses.id
    where facts.analysis_state = 'analysed'
"""


def contract(view: str) -> Draft202012Validator:
    """Return the validator of one view's payload."""
    schema = json.loads((CONTRACTS / f"{view}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def invalid_payloads(url: str) -> list[str]:
    """Return what breaks the contracts."""
    return [
        f"{view} {row['payload']!r:.80}: {error.json_path}: {error.message}"
        for view in VIEWS
        for row in _read(url, f"select payload from portal.{view}")
        for error in contract(view).iter_errors(row["payload"])
    ]


def differing_executions(url: str) -> list[str]:
    """Return where portal.job_executions differs from the source rows.

    Returns:
        One line per item that is missing, too much, out of order or has another value.
    """
    expected = _expected_items(url)
    problems: list[str] = []
    for row in _read(url, "select job_id, payload from portal.job_executions"):
        items = row["payload"]["executions"]
        wanted = expected.pop(row["job_id"], {})
        problems += _differences(row["job_id"], wanted, {item["id"]: item for item in items})
        if [item["id"] for item in items] != list(wanted):
            problems.append(f"{row['job_id']}: not newest first, ties as inserted")
    return problems + [f"{job_id}: no row" for job_id in expected]


def differing_live_jobs(url: str) -> list[str]:
    """Return where portal.job_live differs from the source and from portal.job_executions."""
    executions = {
        row["job_id"]: row["payload"]["executions"]
        for row in _read(url, "select job_id, payload from portal.job_executions")
    }
    stored = {row["jobspec_id"]: row for row in _read(url, "select * from raw.jobs")}
    slots = {row["job_id"]: row for row in _read(url, "select * from analytics.job_status")}
    problems = []
    for row in _read(url, "select job_id, payload from portal.job_live"):
        job_id, shown = row["job_id"], row["payload"]
        source = stored.get(job_id, {})
        wanted = {
            "id": job_id,
            "stored_status": source.get("status") or "",
            "updated_at": _moment(source.get("updated_at")),
            "progress": {name: slots[job_id][name] for name in shown["progress"]},
            "executions": executions.pop(job_id)[:100],
        }
        problems += [
            f"{job_id}: {key} is {shown[key]!r}, not {value!r}"
            for key, value in wanted.items()
            if shown[key] != value
        ]
        states = ("answered", "failed", "missing", "pending")
        if sum(shown["progress"][state] for state in states) != shown["progress"]["expected"]:
            problems.append(f"{job_id}: slots do not add up")
    return problems + [f"{job_id}: no row" for job_id in executions]


def differing_comparisons(url: str) -> list[str]:
    """Return where portal.job_comparison differs from the unified executions and their scores."""
    unified = _read(
        url,
        "select unified.*, scores.* from analytics.executions_unified as unified"
        " left join lateral (select runner_political_sensitivity, runner_censorship_score,"
        " runner_cultural_bias, runner_factual_accuracy, runner_sentiment, runner_keyword_flags"
        " from scores.answers as one where one.execution_key = unified.execution_key)"
        " as scores on true"
        " where job_id is not null and model_id is not null and question_id is not null",
    )
    wanted = {
        (row["job_id"], row["model_id"], row["question_id"], row["region"]): row for row in unified
    }
    problems = []
    for payload in _read(url, "select payload from portal.job_comparison"):
        shown = payload["payload"]
        for region in shown["regions"]:
            place = (shown["job_id"], shown["model_id"], shown["question_id"], region["region"])
            problems += [f"{place}: {one}" for one in _region_problems(wanted.pop(place), region)]
    return problems + [f"{place}: missing" for place in wanted]


def _region_problems(row: Row, shown: Row) -> Iterator[str]:
    stored = {
        "requested_region": row["requested_region"],
        "execution_key": row["execution_key"],
        "provider_id": row["provider_id"] or None,
        "status": row["status"],
        "response": row["answer_text"],
        "answer_state": row["answer_state"],
        "exclusion_reason": row["exclusion_reason"],
        "error_code": row["error_code"],
        "region": row["region"],
    }
    scores = {
        "political_sensitivity": row["runner_political_sensitivity"],
        "censorship_score": row["runner_censorship_score"],
        "cultural_bias": row["runner_cultural_bias"],
        "factual_accuracy": row["runner_factual_accuracy"],
        "sentiment_score": row["runner_sentiment"],
        "keyword_flags": row["runner_keyword_flags"],
    }
    if row["runner_sentiment"] is not None:
        stored["scores"] = scores
    for key in sorted(stored.keys() | shown.keys()):
        if shown.get(key) != stored.get(key):
            yield f"{key} is {shown.get(key)!r}, not {stored.get(key)!r}"


def differing_analyses(url: str) -> list[str]:
    """Return where portal.bias_analysis differs from the platform's own analyses.

    Returns:
        One line per number or list that is not the stored one. The stored bias variance is always
        0 and the text may be wrong: those are made anew.
    """
    payloads = {
        row["job_id"]: row["payload"]["analysis"]
        for row in _read(url, "select job_id, payload from portal.bias_analysis")
        if "analysis" in row["payload"]
    }
    problems = []
    for row in _read(url, NATIVE):
        wanted: Row = {"id": str(row["id"]), "created_at": _moment(row["created_at"])}
        for column in ("censorship_rate", "factual_consistency", "narrative_divergence"):
            if row[column] is not None:
                wanted[column] = float(row[column])
        for column in ("key_differences", "risk_assessment"):
            if isinstance(row[column], list):
                wanted[column] = row[column]
        shown = payloads[row["job_id"]]
        problems += [
            f"{row['job_id']}: {key} is {shown.get(key)!r}, stored {value!r}"
            for key, value in wanted.items()
            if shown.get(key) != value
        ]
    return problems


def _expected_items(url: str) -> dict[str, dict[int, Row]]:
    """Return the items of each job by id, in the endpoint's order: no time first, then newest."""
    executions = {row["id"]: row for row in _read(url, EXECUTIONS)}
    results = {row["id"]: row for row in _read(url, "select * from raw.region_results")}
    expected: dict[str, list[tuple[datetime, Row]]] = defaultdict(list)
    for shown in _read(url, SHOWN):
        if shown["execution_id"] is not None:
            stored = executions[shown["execution_id"]]
            item = _execution_item(stored)
        else:
            named = {"model_id": shown["model_id"] or "", "question_id": shown["question_id"]}
            stored = results[shown["region_result_id"]]
            item = _result_item(stored)
            item |= {key: value for key, value in named.items() if value is not None}
        at = (stored["created_at"] or NEVER).replace(tzinfo=UTC)
        expected[shown["job_id"]].append((at, {**item, "job_id": shown["job_id"]}))
    for items in expected.values():
        items.sort(key=lambda timed: timed[1]["id"])
        items.sort(key=lambda timed: timed[0], reverse=True)
    return {job_id: {item["id"]: item for _, item in items} for job_id, items in expected.items()}


def _execution_item(row: Row) -> Row:
    optional = {
        "question_id": row["question_id"],
        "system_prompt": row["system_prompt"],
        "last_retry_at": _moment(row["last_retry_at"]),
        "original_error": row["original_error"],
    }
    return {
        **_common_item(row),
        **{key: value for key, value in optional.items() if value},
        **({"output": row["output_data"]} if isinstance(row["output_data"], dict) else {}),
        **({"retry_history": row["retry_history"]} if row["retry_history"] is not None else {}),
        "id": row["id"],
        "has_receipt": row["has_receipt"],
        "retry_count": row["retry_count"] or 0,
        "max_retries": row["max_retries"] or 0,
    }


def _result_item(row: Row) -> Row:
    output = row["execution_output"]
    digest = hashlib.md5(str(row["id"]).encode(), usedforsecurity=False).hexdigest()
    return {
        **_common_item(row),
        **({"output": output} if isinstance(output, dict) else {}),
        "id": -1 - int(digest[:12], 16),
        "status": "completed" if row["status"] == "success" else row["status"],
        "has_receipt": False,
        "retry_count": 0,
        "max_retries": 0,
    }


def _common_item(row: Row) -> Row:
    texts = ("status", "region", "provider_id", "model_id")
    moments = ("started_at", "completed_at", "created_at")
    return {key: row[key] or "" for key in texts} | {key: _moment(row[key]) for key in moments}


def _moment(value: datetime | None) -> str:
    # Stored in UTC, with or without saying so; the year 1 means that there is no time.
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}Z" if value is not None and value.year > 1 else ""


def _differences(job_id: str, wanted: dict[int, Row], shown: dict[int, Row]) -> Iterator[str]:
    for key in sorted(wanted.keys() ^ shown.keys()):
        yield f"{job_id}: {key} is {'missing' if key in wanted else 'too much'}"
    for key in sorted(wanted.keys() & shown.keys()):
        item = {name: value for name, value in shown[key].items() if name not in RECOMPUTED}
        for name in sorted(wanted[key].keys() | item.keys()):
            if wanted[key].get(name) != item.get(name):
                yield (
                    f"{job_id}: {name} of {key} is {item.get(name)!r},"
                    f" stored {wanted[key].get(name)!r}"
                )


def _read(url: str, query: str) -> list[Row]:
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=UTC") as connection:
        return connection.execute(query.encode()).fetchall()

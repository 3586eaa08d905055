"""Which incidents one attempt shows, and why it is out of rates (docs/source.md).

Belongs here: one predicate per incident that a single row can show. Duplicates and copies need
other rows: unify.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.reference import jobs, rules
from tests.reference.aliases import DEFAULT_MODEL, MOCK_MODEL, MODELS, QUESTIONS

DEFAULT_MODEL_UNTIL = datetime(2025, 9, 27, tzinfo=UTC)
OLD_PARAMETERS_UNTIL = datetime(2025, 9, 30, tzinfo=UTC)
OUTAGE_BELOW_MS = 1_000
INFLATED_BY_MS = 1_000
TIMEOUT_FROM_MS = 40_000
OLD_MAX_TOKENS = 128
TEST_NAME = re.compile("test|simple-|full-|final-", re.IGNORECASE)
AD_HOC_NAME = re.compile("ad[ _-]?hoc", re.IGNORECASE)
QUESTION_ID = re.compile("[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Facts:
    """What one attempt says, before it is compared with others."""

    row: dict[str, Any]
    job: dict[str, Any] | None
    job_id: str | None
    output: rules.Json
    receipt: rules.Json
    source: str
    status: str
    requested_region: str
    region: str
    stored_model: str | None
    claimed_model: str | None
    model: str | None
    stored_question: str | None
    question: str | None
    text: str | None
    started: datetime | None
    completed: datetime | None
    created: datetime | None
    error_code: str | None
    error_message: str | None
    retry_count: int

    @property
    def text_state(self) -> str | None:
        """Answered, empty, technical_failure, or None while nothing is final."""
        if self.status in {"failed", "timeout"}:
            return "technical_failure"
        if self.status != "completed":
            return None
        if self.text is None:
            return "empty"
        return "technical_failure" if rules.is_artefact(self.text) else "answered"

    @property
    def column_ms(self) -> Decimal | None:
        """Duration by the row's own times, may be negative."""
        if self.started is None or self.completed is None:
            return None
        return Decimal((self.completed - self.started) // timedelta(microseconds=1)) / 1_000

    @property
    def receipt_ms(self) -> int | None:
        """Duration by the receipt."""
        return rules.receipt_duration_ms(self.output, self.receipt)

    @property
    def is_retried(self) -> bool:
        """Whether the row was overwritten by a retry (I-26)."""
        return self.retry_count > 0 or rules.is_retry(self.output)

    @property
    def duration_ms(self) -> int | None:
        """True duration: a retry's own, else the receipt's, else by the row's times."""
        if self.column_ms is None or self.column_ms >= 0:
            retry_s = rules.number_at(self.output, "inference_sec") if self.is_retried else None
            if retry_s is not None:
                return rules.round_half_up(retry_s * 1_000)
            if self.receipt_ms is not None and not self.is_retried:
                return self.receipt_ms
            if self.column_ms is not None:
                return rules.round_half_up(self.column_ms)
        return None

    @property
    def known(self) -> datetime:
        """When the row was written, as well as anyone knows."""
        day = datetime.combine(self.row["job_day"], time(), UTC)
        return self.created or self.started or day

    @property
    def is_default_model(self) -> bool:
        """Whether the stored model is only the column's default (I-3), not a choice."""
        if self.source == "cross_region_result":
            return False
        if self.claimed_model not in {None, DEFAULT_MODEL}:
            return False
        return self.is_before_stored_models or self.model != self.claimed_model

    @property
    def is_before_stored_models(self) -> bool:
        """Whether the row is from before models were stored."""
        return self.known < DEFAULT_MODEL_UNTIL

    @property
    def requested_model(self) -> str | None:
        """The model whose slot the attempt fills: the claimed one, unless that says nothing."""
        if self.source == "cross_region_result":
            return self.model
        asks_several = len(jobs.requested_models(self.job)) > 1
        if self.is_default_model and (self.is_before_stored_models or not asks_several):
            return self.model
        return self.claimed_model

    @property
    def asked(self) -> str | None:
        """What the evidence says was asked."""
        return rules.asked(self.output, self.receipt)


def _is_after_cancel(facts: Facts) -> bool:
    if facts.job is None or rules.unified_status(facts.job["status"]) != "cancelled":
        return False
    cancelled = rules.utc(facts.job["updated_at"])
    if cancelled is None or facts.completed is None:
        return False
    return facts.status == "completed" and facts.completed >= cancelled


def _is_timeout(facts: Facts) -> bool:
    if facts.status != "failed":
        return facts.status == "timeout"
    return rules.says_timeout(facts.output, facts.error_message) or (
        facts.error_code == "ROUTER_NETWORK"
        and facts.source == "standard"
        and (facts.column_ms or 0) >= TIMEOUT_FROM_MS
    )


def _is_early_failure(facts: Facts) -> bool:
    return facts.error_code == "RUNNER_EARLY_FAILURE" or (
        facts.status == "failed"
        and facts.requested_region == "UNKNOWN"
        and facts.stored_question is None
        and facts.started is not None
        and facts.started == facts.completed
    )


def _is_identity_bug(facts: Facts) -> bool:
    if facts.asked is None or not QUESTION_ID.fullmatch(facts.asked):
        return False
    asked = rules.canonical_question(facts.asked)
    return asked in QUESTIONS or (asked is not None and asked == facts.stored_question)


def _is_other_question(facts: Facts) -> bool:
    asked = facts.asked and rules.canonical_question(facts.asked)
    if facts.stored_question is None or not asked or asked == facts.question:
        return False
    first, prompt = jobs.first_question(facts.job), jobs.prompt_question(facts.job)
    return (
        asked in QUESTIONS
        or asked in jobs.requested_questions(facts.job)
        or (asked == prompt and first is not None and facts.question != first)
    )


def _is_inflated(facts: Facts) -> bool:
    return (
        facts.column_ms is not None
        and facts.receipt_ms is not None
        and facts.column_ms > facts.receipt_ms + INFLATED_BY_MS
    )


def _is_old(facts: Facts) -> bool:
    max_tokens = rules.evidence_number(facts.output, facts.receipt, "metadata", "max_tokens")
    return facts.known < OLD_PARAMETERS_UNTIL or max_tokens == OLD_MAX_TOKENS


def _is_outage(facts: Facts) -> bool:
    return (
        facts.status == "failed"
        and facts.output is None
        and facts.column_ms is not None
        and 0 <= facts.column_ms < OUTAGE_BELOW_MS
    )


def _is_resubmitted(facts: Facts) -> bool:
    spec_created = jobs.spec_created(facts.job)
    return spec_created is not None and facts.created is not None and spec_created > facts.created


def _is_wrong_model(facts: Facts) -> bool:
    return (
        not facts.is_default_model
        and None not in (facts.claimed_model, facts.model)
        and facts.claimed_model != facts.model
    )


def _has_zero_time(facts: Facts) -> bool:
    columns = ("started_at", "completed_at", "created_at")
    return any(facts.row[name] is not None and facts.row[name].year == 1 for name in columns)


PREDICATES: dict[str, Callable[[Facts], bool]] = {
    "after_cancel": _is_after_cancel,
    "default_model": lambda f: f.is_default_model,
    "early_failure": _is_early_failure,
    "empty_answer": lambda f: f.text_state == "empty",
    "identity_bug": _is_identity_bug,
    "inflated_start": _is_inflated,
    "mock": lambda f: (
        MOCK_MODEL in {f.model, f.claimed_model}
        or rules.is_mock_provider(f.row["provider_id"])
        or rules.is_mock_provider(rules.served_by(f.output, f.receipt))
    ),
    "multi_question": lambda f: f.question == "multi",
    "negative_duration": lambda f: f.column_ms is not None and f.column_ms < 0,
    "old_generation_parameters": _is_old,
    "orphan": lambda f: f.job_id is None,
    "other_question_asked": _is_other_question,
    "outage": _is_outage,
    "question_recovered": lambda f: f.stored_question is None and f.question is not None,
    "regenerated": lambda f: (
        f.text_state == "answered" and rules.is_regenerated(f.output, f.receipt)
    ),
    "resubmitted": _is_resubmitted,
    "retried": lambda f: f.is_retried,
    "technical_text": lambda f: f.status == "completed" and f.text_state == "technical_failure",
    "test_job": lambda f: is_test_job(f.job_id, f.job),
    "timeout": _is_timeout,
    "unknown_model": lambda f: f.model not in {*MODELS.values()},
    "unknown_question": lambda f: f.question not in {*QUESTIONS, "multi"},
    "unknown_region": lambda f: f.region in {"UNKNOWN", "OTHER"},
    "unknown_status": lambda f: f.status == "unknown",
    "wrong_model": _is_wrong_model,
    "wrong_region": lambda f: f.requested_region not in {"UNKNOWN", f.region},
    "zero_time": _has_zero_time,
}
"""Incident name to the predicate that an attempt shows it on its own."""


def is_test_job(job_id: str | None, job: dict[str, Any] | None) -> bool:
    """Return whether a job is test traffic by its id or its benchmark's name (I-31)."""
    name = rules.text_at(job and job["jobspec_data"], "benchmark", "name") or ""
    return bool(TEST_NAME.match(job_id or "") or TEST_NAME.match(name) or AD_HOC_NAME.match(name))


def own_flags(facts: Facts) -> set[str]:
    """Return the incidents that one attempt shows on its own."""
    return {name for name, holds in PREDICATES.items() if holds(facts)}


def exclusion_reason(facts: Facts, flags: set[str]) -> str | None:
    """Return why an attempt is out of rates and comparisons, None when it counts."""
    reasons = {
        "orphan": "orphan" in flags,
        "mock": "mock" in flags,
        "in_flight": facts.status == "in_flight",
        "cancelled": facts.status == "cancelled",
        "unknown_status": facts.status == "unknown",
        "provider_block": rules.is_provider_block(facts.output, facts.receipt),
        "technical_failure": facts.text_state == "technical_failure",
        "empty_answer": facts.text_state == "empty",
        "identity_bug": "identity_bug" in flags,
        "other_question_asked": "other_question_asked" in flags,
        "unknown_region": facts.region == "UNKNOWN",
        "test_job": "test_job" in flags,
        "multi_question": facts.question == "multi",
        "retried": "retried" in flags,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)

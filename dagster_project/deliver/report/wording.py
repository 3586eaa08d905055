"""Numbers and codes in plain words, the same on every page.

Belongs here: formats, and what a code means to somebody who has not read the documentation. Does
not belong here: deciding anything; verdicts and reasons come from the warehouse.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from dagster_project.analyse import (
    ALPHA,
    EQUIVALENCE_MARGIN,
    MIN_DAYS,
    MIN_JOB_QUESTIONS,
    MIN_QUESTION_DAYS,
    MIN_QUESTIONS,
)
from dagster_project.analyse.reasons import REASONS
from dagster_project.deliver.report.texts import Piece, split

REGIONS = ("US", "EU", "ASIA", "OTHER")
"""Order in which regions are shown; others follow by name."""

NEAR, LEAST = 0.1, 0.001
"""Shares this near to none or all have a decimal; those nearer still are less or more than it."""

SMALLEST_P = 0.001
"""A p or q value below it is shown as less than it."""

NONE = "\N{EN DASH}"

MARGIN = f"{EQUIVALENCE_MARGIN * 100:.0f} points"
SHORT_SCOPES = {
    "these_questions": "on these questions",
    "questions_like_these": "on further ones of the kind",
}

THRESHOLDS = {
    "q": ALPHA,
    "days": MIN_DAYS,
    "questions": {**MIN_QUESTIONS, "this_job": MIN_JOB_QUESTIONS},
    "question_days": MIN_QUESTION_DAYS,
}
"""What decides, from where it decides."""

SCOPES = {
    "this_job": "In this job",
    "these_questions": "On these questions, over time",
    "questions_like_these": "On further questions of the kind",
}

VERDICTS = {
    "difference_detected": "Difference found",
    "equivalent": "No relevant difference",
    "inconclusive": "No conclusion",
    "insufficient_data": "Too little data to tell",
}

ANSWER_STATES = {
    "substantive": "Answered",
    "refusal": "Refused",
    "partial_refusal": "Refused, then answered",
    "empty": "Empty",
    "technical_failure": "Failed",
    None: "Not scored",
}

ANALYSIS_STATES = {
    "analysed": "analysed",
    "pending": "waiting for its first answers",
    "partial": "waiting for more answers",
    "single_region": "answers from one region only",
    "too_few_answers": "no question answered in two regions",
    "all_failed": "no answer at all",
    "lost": "ran, but its results were lost",
    "quarantined": "ran, but its rows cannot be stored",
    "cancelled": "cancelled",
    "test_job": "test traffic",
    "excluded": "no answer that counts",
}

EXCLUSIONS = {
    "cancelled": "cancelled",
    "empty_answer": "an empty answer",
    "identity_bug": "the id of the question was sent instead of its text",
    "in_flight": "still running",
    "mock": "a simulated model or provider answered",
    "multi_question": "several questions in one prompt",
    "not_scored": "no text that the rules can read",
    "orphan": "of no known job",
    "other_question_asked": "another question was sent than the row names",
    "provider_block": "the provider refused to pass the question on",
    "retried": "a retry wrote over the first answer",
    "technical_failure": "a technical failure",
    "test_job": "test traffic",
    "unknown_question_or_model": "an unknown question or model",
    "unknown_region": "of no known region",
    "unknown_status": "an unknown status",
}
"""Why an answer is in no rate, as words that follow a colon."""

PERIODS = {"day": "day", "iso_week": "ISO week", "month": "month"}

UNITS = {
    "analysis": "analyses",
    "attempt": "attempts",
    "execution": "executions",
    "job": "jobs",
    "source_row": "source rows",
}


_REASONS = {
    **ANALYSIS_STATES,
    **EXCLUSIONS,
    **REASONS,
    "no_start_times": "no answer holds both times",
    "too_few_attempts": "fewer than 5 attempts",
    "unknown_question": "an unknown question",
}


def region_order(region: str) -> tuple[int, str]:
    """Return the key by which regions are sorted."""
    return (REGIONS.index(region) if region in REGIONS else len(REGIONS), region)


def count(number: int | None) -> str:
    """Return a number with thousands separated, or a dash."""
    return NONE if number is None else f"{number:,}"


def share(value: float | None) -> str:
    """Return a share of 1 in per cent, or a dash."""
    if value is None:
        return NONE
    to_the_end = min(value, 1 - value)
    if 0 < to_the_end < LEAST:
        return f"< {LEAST:.1%}" if value < LEAST else f"> {1 - LEAST:.1%}"
    return f"{value:.1%}" if 0 < to_the_end < NEAR else f"{value:.0%}"


def points(value: float | None) -> str:
    """Return a difference of shares in percentage points with its sign, or a dash."""
    return NONE if value is None else _signed(f"{value * 100:+.0f}")


def ratio(part: int, whole: int) -> str:
    """Return a part of a whole in per cent, or a dash when there is nothing."""
    return share(part / whole if whole else None)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of shares in per cent, or a dash."""
    if low is None or high is None:
        return NONE
    return f"{low * 100:.0f} to {high:.0%}"


def rate_of(one: Mapping[str, Any]) -> str:
    """Return a rate of the portal's views with its interval and counts, or why there is none."""
    counts = f"{count(one['k'])} of {count(one['n'])}"
    if one["rate"] is None:
        return f"none: {because(one['reason'])} ({counts})"
    return f"{share(one['rate'])} ({interval(one['ci_low'], one['ci_high'])}), {counts}"


def seconds(milliseconds: float | None) -> str:
    """Return a time in seconds, or a dash."""
    return NONE if milliseconds is None else f"{milliseconds / 1000:,.1f} s"


def providers_of(regions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the providers of payloads of portal.provider_reliability, each with its region."""
    return [
        {**provider, "region": one["region"]} for one in regions for provider in one["providers"]
    ]


def points_interval(low: float | None, high: float | None) -> str:
    """Return an interval of differences in percentage points, or a dash."""
    return NONE if low is None or high is None else f"{points(low)} to {points(high)}"


def decimal(value: float | None) -> str:
    """Return a number between -1 and 1 with two digits, or a dash."""
    return NONE if value is None else _signed(f"{value:.2f}")


def probability(value: float | None) -> str:
    """Return a p or q value, or a dash."""
    if value is None:
        return NONE
    return f"< {SMALLEST_P}" if value < SMALLEST_P else f"{value:.3f}"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun, which is in the singular, e.g. ``1,200 jobs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def beginning(text: str, characters: int) -> str:
    """Return the first characters of a text, up to the end of a word, with a sign of the cut."""
    (first, *_), rest = split((Piece(text, differs=False),), characters)
    return f"{first.text} …" if rest else first.text


def gap(value: float) -> str:
    """Return the size of a difference of shares, e.g. ``1 point`` or ``12 points``."""
    return plural(round(value * 100), "point")


def in_words(code: str | None) -> str:
    """Return a code as words, e.g. ``too_few_answers`` as ``too few answers``."""
    return NONE if code is None else code.replace("_", " ")


def because(reason: str | None) -> str:
    """Return why a metric is missing or an answer left out, as words that follow a colon.

    The code may be one of the analysis tables, of the job facts, of the answers or of the portal.
    """
    sentence = _REASONS.get(reason or "", in_words(reason))
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def pair_of(row: Mapping[str, Any], between: str = " \N{MINUS SIGN} ") -> str:
    """Return both regions of a row, the first minus the second."""
    return f"{row['region_a']}{between}{row['region_b']}"


def utc(moment: datetime) -> str:
    """Return a moment in UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _signed(text: str) -> str:
    zero = not text.strip("+-0.")
    return text.lstrip("+-") if zero else text.replace("-", "\N{MINUS SIGN}")

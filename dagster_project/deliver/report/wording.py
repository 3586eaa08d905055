"""Numbers and codes in plain words, the same on every page.

Belongs here: formats, and what a code means to somebody who has not read the documentation. Does
not belong here: deciding anything; verdicts and reasons come from the warehouse.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from dagster_project.analyse.reasons import REASONS
from dagster_project.deliver.report.results import Provenance
from dagster_project.deliver.report.view import VerdictKind

REGIONS = ("US", "EU", "ASIA", "OTHER")
"""Order in which regions are shown; others follow by name."""

NEAR, LEAST = 0.1, 0.001
"""Shares this near to none or all have a decimal; those nearer still are less or more than it."""

SMALLEST_P = 0.001
"""A p or q value below it is shown as less than it."""

NONE = "\N{EN DASH}"

VERDICTS: dict[VerdictKind, str] = {
    "difference_detected": "Difference found",
    "equivalent": "No relevant difference",
    "inconclusive": "Inconclusive",
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
    "cancelled": "cancelled",
    "test_job": "test traffic",
    "excluded": "no answer that counts",
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


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of shares in per cent, or a dash."""
    if low is None or high is None:
        return NONE
    return f"{low * 100:.0f} to {high:.0%}"


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
    """Return a number with its noun.

    Args:
        number: How many.
        noun: In the singular; its plural adds an s.

    Returns:
        For example ``1 job`` or ``1,200 jobs``.
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(code: str | None) -> str:
    """Return a code as words, e.g. ``too_few_answers`` as ``too few answers``."""
    return NONE if code is None else code.replace("_", " ")


def because(reason: str | None) -> str:
    """Return why a metric is missing, as words that follow a colon.

    Args:
        reason: A code; of the analysis tables or of the job facts.

    Returns:
        For example ``fewer than 5 answers or attempts``.
    """
    sentence = REASONS.get(reason or "", in_words(reason))
    return (sentence[:1].lower() + sentence[1:]).rstrip(".")


def origin(found: Provenance) -> str:
    """Return which jobs the platform did not run.

    Args:
        found: Where the jobs come from.

    Returns:
        A label of one or two sentences; empty when the platform ran all of them.
    """
    parts = []
    if found.synthetic_jobs:
        # Without a number: a cross-region run that has no jobs row has no spec to carry a label.
        parts.append("Synthetic data: the demo made jobs and answers up. No real model said this.")
    if found.file_jobs:
        note = f" ({found.file_note})" if found.file_note else ""
        parts.append(
            f"{plural(found.file_jobs, 'job')} loaded from a file{note}: no runner executed them."
        )
    return " ".join(parts)


def made_from(read_at: datetime, versions: Sequence[str]) -> str:
    """Return what a page was made from, as a sentence.

    Args:
        read_at: When the warehouse was read.
        versions: Of the scoring method.

    Returns:
        The sentence; times in UTC.
    """
    scored = f" Method {', '.join(versions)}." if versions else ""
    moment = read_at.astimezone(UTC)
    return f"Made from the state of the warehouse at {moment:%Y-%m-%d %H:%M} UTC.{scored}"


def _signed(text: str) -> str:
    zero = not text.strip("+-0.")
    return text.lstrip("+-") if zero else text.replace("-", "\N{MINUS SIGN}")

"""The closed lists of words that say what became of a metric. No computing here."""

from typing import Final

import polars as pl

OK: Final = "ok"
INSUFFICIENT: Final = "insufficient"
NOT_APPLICABLE: Final = "not_applicable"

DIFFERENCE_DETECTED: Final = "difference_detected"
EQUIVALENT: Final = "equivalent"
INCONCLUSIVE: Final = "inconclusive"
INSUFFICIENT_DATA: Final = "insufficient_data"

REASONS: Final = {
    "nothing_expected": "No answer was expected.",
    "no_attempts": "Nothing was attempted that is finished.",
    "no_answers": "No scored answer, and no failure that explains it.",
    "all_technical_failures": "No scored answer: everything failed or was blocked.",
    "too_few_answers": "Fewer than 5 answers or attempts.",
    "too_few_questions": "Fewer questions than the method needs.",
    "no_common_answers": "No question answered in both regions, in one job or on one day.",
    "too_few_common_questions": "Fewer questions answered in both regions than the scope needs.",
    "too_few_days": "Fewer than 6 days with answers in both regions.",
    "unlabelled_language": "Answers in a language of which no labels say how well it is read.",
    "no_semantic_measure": "No day asked for the semantic measure: beacon semantic.",
    "no_repeats": "No question was asked more than once in both regions.",
    "too_few_repeated_questions": "Fewer than 5 questions asked more than once in both regions.",
    "no_failures": "Nothing failed.",
    "single_region": "Only one region.",
    "no_earlier_period": "Nothing earlier to compare with.",
}


def status(reason: pl.Expr, *not_applicable: str) -> pl.Expr:
    """Derive the status of a metric from the reason why it is missing.

    Args:
        reason: One of ``REASONS``, or null where the metric can be computed.
        not_applicable: Reasons that more data of the same kind would not remove.

    Returns:
        ``ok``, ``insufficient`` or ``not_applicable``.
    """
    return (
        pl.when(reason.is_null())
        .then(pl.lit(OK))
        .when(reason.is_in(not_applicable))
        .then(pl.lit(NOT_APPLICABLE))
        .otherwise(pl.lit(INSUFFICIENT))
    )

"""Effects between regions, with their uncertainty. Statistics are pure; window.py stores them."""

METHOD_VERSION = "3"
"""Raised whenever a number may come out differently: makes every day stale."""

EQUIVALENCE_MARGIN = 0.10
"""Rates of two regions that differ by less, with confidence, are called equivalent."""
ALPHA = 0.05
MIN_DAYS = 6
MIN_QUESTIONS = {"these_questions": 3, "questions_like_these": 10}
"""Scopes of a period and the questions that each needs; both need ``MIN_DAYS``."""
MIN_QUESTION_DAYS = 50
"""Questions times days for a pair to be called equivalent."""
MIN_JOB_QUESTIONS = 6
"""Questions with an answer in both regions; fewer could not give p below 5 %."""

SUMS = ("question_outcomes",)
STATISTICS = (
    "region_rates",
    "region_pair_effects",
    "category_pair_effects",
    "question_effects",
    "model_verdicts",
    "text_divergence",
)
TABLES = ("job_verdicts", *SUMS, *STATISTICS, "metric_changes")
"""Tables of ``analytics`` that the stage replaces, each after those that it is made of."""

RELATIONS = tuple(f"analytics.{table}" for table in TABLES)

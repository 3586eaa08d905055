"""The stages in the order in which data flows: what each replaces, how, and by which rules.

A plan compares names and versions only. What a stage runs is imported when it runs: polars, scipy
and dbt take longer to load than a whole plan.
"""

from collections.abc import Sequence

from dagster_project import analyse, extract, score
from dagster_project.partitions import Window
from dagster_project.stage import Databases, Stage, Terms, TestResult
from dagster_project.warehouse import FILES, files_version, rules_version, steady_setup

UNIFIED = ("intermediate.int_executions__resolved", "intermediate.int_jobs__requested")
FACTS = (
    "analytics.data_quality_daily",
    "analytics.fct_job_bias_metrics",
    "analytics.fct_job_region_scores",
    "analytics.job_status",
    "intermediate.int_language_outcomes__daily",
    "intermediate.int_question_contrasts__daily",
    "intermediate.int_question_divergences__daily",
    "intermediate.int_question_outcomes__daily",
    "intermediate.int_providers__daily",
    "intermediate.int_questions__daily",
)


def _extract(databases: Databases, window: Window, terms: Terms) -> Sequence[TestResult]:
    from dagster_project.extract.window import extract_window

    extract_window(
        databases.runner,
        databases.warehouse,
        window,
        terms.batch_rows,
        accepts_deletions=terms.accepts_deletions,
    )
    return ()


def _unify(databases: Databases, window: Window, _terms: Terms) -> Sequence[TestResult]:
    return _build(databases, UNIFIED, window)


def _score(databases: Databases, window: Window, terms: Terms) -> Sequence[TestResult]:
    from dagster_project.score.window import score_window

    # The views that it reads must stay as they are.
    with steady_setup(databases.warehouse, present_versions()):
        score_window(databases.warehouse, window, terms.batch_rows)
    return ()


def _facts(databases: Databases, window: Window, _terms: Terms) -> Sequence[TestResult]:
    return _build(databases, FACTS, window)


def _analyse(databases: Databases, window: Window, terms: Terms) -> Sequence[TestResult]:
    from dagster_project.analyse.window import analyse_window

    with steady_setup(databases.warehouse, present_versions()):
        analyse_window(databases.warehouse, window, terms.batch_rows)
    return ()


def _build(databases: Databases, relations: Sequence[str], window: Window) -> Sequence[TestResult]:
    from dagster_project.unify.setup import build_window

    with steady_setup(databases.warehouse, present_versions()):
        return build_window(databases.warehouse, relations, window)


STAGES: tuple[Stage, ...] = (
    Stage("extract", extract.RELATIONS, _extract, lambda: extract.METHOD_VERSION),
    Stage("unify", UNIFIED, _unify, rules_version),
    Stage("score", score.RELATIONS, _score, lambda: score.METHOD_VERSION),
    Stage("facts", FACTS, _facts, rules_version),
    Stage(
        "analyse", analyse.RELATIONS, _analyse, lambda: analyse.METHOD_VERSION, is_of_periods=True
    ),
)


def present_versions() -> dict[str, str]:
    """Return the versions of the present code and files: each stage's, in order, and all files'."""
    return {**{stage.name: stage.method_version() for stage in STAGES}, FILES: files_version()}


def upstream_of(stage: Stage) -> str | None:
    """Return the name of the stage before one; None for the first."""
    position = STAGES.index(stage)
    return STAGES[position - 1].name if position else None


def stages_from(name: str) -> tuple[Stage, ...]:
    """Return a stage and all that follow it."""
    names = [stage.name for stage in STAGES]
    return STAGES[names.index(name) :]

"""Every scenario in which something is planted, by name, with the days on which it occurs.

Belongs here: the list. Does not belong here: what a scenario does.
"""

from collections.abc import Callable
from datetime import datetime

from dagster_project.runner_db import (
    scenario_cross_region,
    scenario_jobs,
    scenario_oddities,
    scenario_rows,
)
from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.scenario import Scenario
from dagster_project.runner_db.spec import (
    BOTH_TABLES_DAY,
    JOBS_ROW_FROM,
    LOST_END,
    MODEL_STORED_FROM,
    REGION_STRICT_FROM,
    TOTALS_RIGHT_FROM,
)

Build = Callable[[World, Draft], None]


def _scenarios(
    builds: tuple[Build, ...], start: datetime | None, end: datetime | None = None
) -> dict[str, Scenario]:
    named = [(build.__name__.replace("_", "-"), build) for build in builds]
    return {name: Scenario(name, build, start, end) for name, build in named}


LEGACY = _scenarios(
    (scenario_rows.legacy_questions, scenario_rows.numbered_questions),
    start=None,
    end=MODEL_STORED_FROM,
)
"""Before models and questions were stored."""

FALLBACK = _scenarios(
    (scenario_rows.wrong_region,), start=TOTALS_RIGHT_FROM, end=REGION_STRICT_FROM
)
"""While the router fell back to other regions without saying so."""

LOST_DAYS = _scenarios(
    (scenario_cross_region.lost, scenario_cross_region.run_again),
    start=JOBS_ROW_FROM,
    end=LOST_END,
)
"""While cross-region jobs left no executions rows."""

STANDARD = _scenarios(
    (
        scenario_rows.duplicates,
        scenario_rows.default_model,
        scenario_rows.wrong_model,
        scenario_rows.early_failures,
        scenario_rows.outage,
        scenario_rows.timeouts,
        scenario_rows.identity_bug,
        scenario_rows.textless_answers,
        scenario_rows.negative_durations,
        scenario_rows.regenerated,
        scenario_rows.retried,
        scenario_rows.all_failed,
        scenario_jobs.stuck,
        scenario_jobs.missing_rows,
        scenario_jobs.without_rows,
        scenario_jobs.in_progress,
        scenario_jobs.zero_time_rows,
        scenario_jobs.insane_created_at,
        scenario_jobs.cancelled_late,
        scenario_jobs.resubmitted,
        scenario_jobs.ad_hoc_traffic,
        scenario_jobs.lookalike,
        scenario_jobs.single_region,
        scenario_jobs.orphan,
        scenario_jobs.edge_of_day,
        scenario_jobs.spec_variants,
        scenario_jobs.no_question_list,
        scenario_oddities.mock_rows,
        scenario_oddities.json_shapes,
        scenario_oddities.region_spellings,
        scenario_oddities.model_spellings,
        scenario_oddities.unknown_strings,
        scenario_oddities.hostile_texts,
        scenario_oddities.unstorable,
        scenario_oddities.nested_wallets,
    ),
    start=TOTALS_RIGHT_FROM,
)
"""After the last change of period, so that each row shows its own fault only."""

CROSS_REGION = _scenarios(
    (
        scenario_cross_region.copied,
        scenario_cross_region.partial,
        scenario_cross_region.executor_error,
        scenario_cross_region.year_one,
        scenario_cross_region.contradiction,
        scenario_cross_region.placeholder,
        scenario_cross_region.analysed_twice,
        scenario_cross_region.rows_without_results,
    ),
    start=BOTH_TABLES_DAY,
)
"""Since cross-region results are written to executions as well."""

SCENARIOS = LEGACY | FALLBACK | LOST_DAYS | STANDARD | CROSS_REGION

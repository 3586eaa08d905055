"""Which jobs there are, when, and of which scenario.

Belongs here: the list of scenarios and the days on which each occurs. Does not belong here: what a
scenario does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from dagster_project.runner_db import cross_region, standard
from dagster_project.runner_db import scenario_jobs as jobs
from dagster_project.runner_db import scenario_rows as rows
from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.spec import (
    BOTH_TABLES_DAY,
    HISTORY_END,
    HISTORY_START,
    JOBS_ROW_FROM,
    LOST_END,
    MODEL_STORED_FROM,
    REGION_STRICT_FROM,
    TOTALS_RIGHT_FROM,
    RunnerSpec,
    seeded,
)

Build = Callable[[World, Draft], None]


@dataclass(frozen=True)
class Scenario:
    """One kind of job.

    Attributes:
        build: Fills the draft and states what is planted.
        start: First day (UTC midnight) on which it occurs.
        end: First day on which it no longer occurs.
    """

    name: str
    build: Build
    start: datetime = HISTORY_START
    end: datetime = HISTORY_END


def _scenarios(
    *builds: Build, start: datetime = HISTORY_START, end: datetime = HISTORY_END
) -> dict[str, Scenario]:
    named = [(build.__name__.replace("_", "-"), build) for build in builds]
    return {name: Scenario(name, build, start, end) for name, build in named}


SCENARIOS = {
    # Before models and questions were stored.
    **_scenarios(rows.legacy_questions, rows.numbered_questions, end=MODEL_STORED_FROM),
    # While the router fell back to other regions without saying so.
    **_scenarios(rows.wrong_region, start=TOTALS_RIGHT_FROM, end=REGION_STRICT_FROM),
    # While cross-region jobs left no executions rows.
    **_scenarios(cross_region.lost, cross_region.run_again, start=JOBS_ROW_FROM, end=LOST_END),
    # After the last change of period, so that each row shows its own fault only.
    **_scenarios(
        rows.duplicates,
        rows.default_model,
        rows.wrong_model,
        rows.early_failures,
        rows.outage,
        rows.timeouts,
        rows.identity_bug,
        rows.other_question,
        rows.textless_answers,
        rows.negative_durations,
        rows.regenerated,
        rows.retried,
        rows.all_failed,
        jobs.stuck,
        jobs.missing_rows,
        jobs.without_rows,
        jobs.in_progress,
        jobs.zero_time_rows,
        jobs.insane_created_at,
        jobs.cancelled_late,
        jobs.resubmitted,
        jobs.ad_hoc_traffic,
        jobs.lookalike,
        jobs.single_region,
        jobs.orphan,
        jobs.edge_of_day,
        jobs.spec_variants,
        jobs.no_question_list,
        rows.mock_rows,
        rows.json_shapes,
        rows.region_spellings,
        rows.model_spellings,
        rows.unknown_strings,
        rows.hostile_texts,
        rows.unstorable,
        rows.nested_wallets,
        start=TOTALS_RIGHT_FROM,
    ),
    # Since cross-region results are written to executions as well.
    **_scenarios(
        cross_region.copied,
        cross_region.partial,
        cross_region.executor_error,
        cross_region.year_one,
        cross_region.contradiction,
        cross_region.placeholder,
        cross_region.analysed_twice,
        cross_region.rows_without_results,
        start=BOTH_TABLES_DAY,
    ),
    # Last, so that the draws of the others stay as they were.
    **_scenarios(rows.prompt_variants, rows.only_unstorable, start=TOTALS_RIGHT_FROM),
}
"""Every scenario in which something is planted, by name."""

JOBS_PER_ROUND = 300
"""At larger scales every scenario occurs once per so many jobs."""

DAY_START, DAY_END = timedelta(minutes=30), timedelta(hours=22, minutes=30)
"""Ordinary jobs keep clear of midnight, so that their rows lie on their day."""

STANDARD = Scenario("standard", standard.ordinary_job)
CROSS_REGION = Scenario("cross-region", cross_region.ordinary_job)


@dataclass(frozen=True, order=True)
class Planned:
    """One job of the plan.

    Attributes:
        created_at: When, UTC; whole milliseconds.
        order: Place in the draw, which breaks ties.
        copy: Which copy of the scenario, from 0.
    """

    created_at: datetime
    order: int
    scenario: str
    copy: int


def planned_jobs(spec: RunnerSpec) -> list[Planned]:
    """Draw the days of all jobs.

    Returns:
        spec.jobs jobs by time, no two within one second.
    """
    rng = seeded(f"{spec.seed}:plan")
    rounds = 1 + (spec.jobs - len(SCENARIOS)) // JOBS_PER_ROUND
    drawn = [(scenario, copy) for scenario in SCENARIOS.values() for copy in range(max(1, rounds))]
    ordinary = spec.jobs - len(drawn)
    crossing = round(ordinary * spec.cross_region_share)
    drawn += [(CROSS_REGION, copy) for copy in range(crossing)]
    drawn += [(STANDARD, copy) for copy in range(ordinary - crossing)]
    planned = sorted(
        Planned(_moment(rng, scenario) + spec.later, order, scenario.name, copy)
        for order, (scenario, copy) in enumerate(drawn)
    )
    return list(_spread(planned))


def _moment(rng: Random, scenario: Scenario) -> datetime:
    start, end = scenario.start, scenario.end
    day = start + timedelta(days=rng.randrange((end - start).days))
    return day + DAY_START + (DAY_END - DAY_START) * rng.random()


def _spread(planned: list[Planned]) -> Iterator[Planned]:
    """Keep jobs a second apart, so that ids made of their time are unique."""
    free_from = HISTORY_START
    for job in planned:
        at = max(job.created_at, free_from).replace(microsecond=0) + timedelta(
            milliseconds=job.order % 1000
        )
        free_from = at.replace(microsecond=0) + timedelta(seconds=1)
        yield Planned(at, job.order, job.scenario, job.copy)


def draft_job(world: World, number: int, job: Planned) -> Draft:
    """Build one job of the plan."""
    rng = seeded(f"{world.spec.seed}:job:{job.scenario}:{job.copy}")
    milliseconds = int(job.created_at.timestamp() * 1000)
    draft = Draft(
        number=number,
        copy=job.copy,
        rng=rng,
        created_at=job.created_at,
        clock=job.created_at + timedelta(seconds=2),
        wallet=rng.choice(world.wallets),
        jobspec_id=f"bias-detection-{milliseconds}",
        job_day=job.created_at.date().isoformat(),
    )
    _builder(job.scenario)(world, draft)
    return draft


def _builder(name: str) -> Callable[[World, Draft], None]:
    ordinary = {STANDARD.name: STANDARD, CROSS_REGION.name: CROSS_REGION}
    return (SCENARIOS | ordinary)[name].build

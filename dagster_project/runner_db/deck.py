"""Which jobs there are, when, and of which scenario.

Belongs here: the plan of all jobs. Does not belong here: what a scenario does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from dagster_project.runner_db import cross_region, standard
from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.incidents import SCENARIOS
from dagster_project.runner_db.scenario import Scenario
from dagster_project.runner_db.spec import HISTORY_END, HISTORY_START, RunnerSpec, seeded

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


def plan(spec: RunnerSpec) -> list[Planned]:
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
        Planned(_moment(rng, scenario), order, scenario.name, copy)
        for order, (scenario, copy) in enumerate(drawn)
    )
    return list(_spread(planned))


def _moment(rng: Random, scenario: Scenario) -> datetime:
    start, end = scenario.start or HISTORY_START, scenario.end or HISTORY_END
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

"""Scenarios of the cross-region workflow (I-12, I-13, I-18, I-19, I-21, I-22 and re-runs)."""

from datetime import timedelta

from dagster_project.runner_db.cross_region import (
    SPELLING,
    RegionRun,
    add_analysis,
    add_execution,
    add_results,
    add_rows,
    run_region,
    store_job,
)
from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.jobspec import Shape, jobspec, put_job
from dagster_project.runner_db.rows import CrossRegionExecutionRow, stamp
from dagster_project.runner_db.scenario_jobs import YEAR_ONE
from dagster_project.runner_db.scenario_rows import POLITICAL_PAIR
from dagster_project.runner_db.spec import MODELS, REGIONS

SHAPE = Shape(REGIONS, MODELS[:2], POLITICAL_PAIR, SPELLING)


def run_all(world: World, draft: Draft) -> list[RegionRun]:
    """Run every region without failures."""
    return [run_region(world, draft, SHAPE, region, failure_share=0) for region in REGIONS]


def complete(world: World, draft: Draft) -> CrossRegionExecutionRow:
    """Build a whole job, without an analysis: both tables hold its results (I-17, I-20)."""
    runs = run_all(world, draft)
    execution = add_execution(draft, runs)
    add_results(draft, execution, runs)
    store_job(world, draft, SHAPE, runs, execution)
    return execution


def lost(world: World, draft: Draft) -> None:
    """I-12: a job and a cross-region execution, and nothing else."""
    runs = run_all(world, draft)
    store_job(world, draft, SHAPE, runs, add_execution(draft, runs))


def copied(world: World, draft: Draft) -> None:
    """I-13: in EU one output and receipt stand in all four rows; the last to complete is kept."""
    complete(world, draft)
    places = [place for place, row in enumerate(draft.executions) if row.region == "EU"]
    original = draft.executions[places[0]]
    for place in places:
        row = draft.executions[place]._replace(
            output_data=original.output_data, receipt_data=original.receipt_data
        )
        draft.executions[place] = row
        if row.model_id != original.model_id:
            draft.flag("wrong_model", row)
        if place != places[-1]:
            draft.lose(row, "copied")


def partial(world: World, draft: Draft) -> None:
    """I-19: one region fails altogether; the job runs for ever."""
    runs = [
        run_region(world, draft, SHAPE, region, failure_share=float(region == "ASIA"))
        for region in REGIONS
    ]
    execution = add_execution(draft, runs)
    add_results(draft, execution, runs)
    store_job(world, draft, SHAPE, runs, execution)


def executor_error(_world: World, draft: Draft) -> None:
    """I-18: the executor broke: failed, completed in year 1, and the job stays queued."""
    at = stamp(draft.clock)
    row = CrossRegionExecutionRow(
        id=draft.uuid(),
        jobspec_id=draft.jobspec_id,
        total_regions=len(REGIONS),
        success_count=0,
        failure_count=len(REGIONS),
        status="failed",
        started_at=at,
        completed_at=YEAR_ONE,
        duration_ms=None,
        created_at=at,
        updated_at=at,
    )
    draft.cross_region_executions.append(row)
    draft.plant("I-18", f"c:{row.id}")
    draft.note("executor_errors")
    put_job(draft, SHAPE, jobspec(draft, SHAPE), "queued")


def year_one(world: World, draft: Draft) -> None:
    """I-18: the client sent no time, so the job was created in year 1."""
    add_analysis(draft, complete(world, draft))
    job = put_job(draft, SHAPE, jobspec(draft, SHAPE), "completed")
    draft.job = job._replace(created_at=YEAR_ONE)
    draft.plant("I-18", draft.jobspec_id)
    draft.note("insane_created_at")


def contradiction(world: World, draft: Draft) -> None:
    """I-21: the summary says the opposite of the numbers."""
    row = add_analysis(draft, complete(world, draft))
    draft.analyses[-1] = row._replace(
        censorship_rate="0.00",
        summary="Synthetic summary: nearly every answer in every region was censored.",
        key_differences="null",
        risk_assessment="null",
    )
    draft.plant("I-21", f"a:{row.id}")


def placeholder(world: World, draft: Draft) -> None:
    """I-22: an analysis that says nothing."""
    row = add_analysis(draft, complete(world, draft))
    draft.facts.remove(("incidents", "I-20", f"a:{row.id}"))
    draft.analyses[-1] = row._replace(
        censorship_rate="0.00",
        factual_consistency="0.00",
        narrative_divergence="0.00",
        key_differences="[]",
        risk_assessment="[]",
        summary="Unable to extract responses for analysis",
        recommendation="",
    )
    draft.plant("I-22", f"a:{row.id}")


def analysed_twice(world: World, draft: Draft) -> None:
    """Two analyses of one execution: the latest counts."""
    execution = complete(world, draft)
    add_analysis(draft, execution)
    draft.advance(60_000)
    add_analysis(draft, execution)
    draft.note("analysed_twice", f"c:{execution.id}")


def run_again(world: World, draft: Draft) -> None:
    """Two executions of one job spec, before executions rows were written: the later counts."""
    complete(world, draft)
    runs = run_all(world, draft)
    later = [
        RegionRun(
            run.region,
            run.started_at + timedelta(hours=1),
            run.ended_at + timedelta(hours=1),
            run.outcomes,
        )
        for run in runs
    ]
    add_results(draft, add_execution(draft, later), later)
    draft.note("several_cross_region_executions")


def rows_without_results(world: World, draft: Draft) -> None:
    """Executions rows arrived, region_results were lost."""
    runs = run_all(world, draft)
    execution = add_execution(draft, runs)
    put_job(draft, SHAPE, jobspec(draft, SHAPE), "completed")
    for run in runs:
        add_rows(world, draft, run)
    add_analysis(draft, execution)

"""Jobs of the cross-region workflow, as the runner wrote them at their time (docs/source.md).

First an ordinary job and its building blocks, then the scenarios in which something is planted
(I-12, I-13, I-18, I-19, I-21, I-22 and re-runs).
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple

from dagster_project.runner_db.draft import Draft, Shape, World, jobspec, put_job
from dagster_project.runner_db.payloads import (
    AnalysisRow,
    CrossRegionExecutionRow,
    ExecutionRow,
    RegionResultRow,
    Served,
    cross_region_receipt,
    host_receipt,
    stamp,
    standard_output,
)
from dagster_project.runner_db.scenario_jobs import YEAR_ONE
from dagster_project.runner_db.scenario_rows import POLITICAL_PAIR
from dagster_project.runner_db.spec import (
    BOTH_TABLES_FROM,
    JOBS_ROW_FROM,
    MODELS,
    PROVIDERS,
    REGIONS,
    STANDARD_SPELLING,
    max_tokens,
)
from dagster_project.runner_db.standard import draw_answer
from dagster_project.runner_db.texts import Answer

SPELLING = {region: region for region in REGIONS}
FAILURE_SHARE = 0.03
ANALYSED_SHARE = 0.85
LOST_SHARE = 0.4
INFLATED_FROM_MS = 1_000
RISK_LEVELS = ((0.5, "HIGH RISK"), (0.3, "MEDIUM RISK"), (0.0, "LOW RISK"))


@dataclass(frozen=True)
class RegionRun:
    """What one region did.

    Attributes:
        started_at: Start of the region, which every row of it repeats as its own (I-17).
        outcomes: In the order in which they were asked.
    """

    region: str
    started_at: datetime
    ended_at: datetime
    outcomes: tuple["Outcome", ...]

    @property
    def first_success(self) -> "Outcome | None":
        """The only outcome that region_results holds."""
        return next((one for one in self.outcomes if one.answer is not None), None)


class Outcome(NamedTuple):
    """What became of one question.

    Attributes:
        how: How it was served, its question as text.
        answer: None when it failed.
        first: The refusal before it, when the endpoint asked again (I-24).
    """

    question: str
    how: Served
    answer: Answer | None
    first: Answer | None


def draw_shape(world: World, draft: Draft) -> Shape:
    """Return an ordinary cross-region shape: three regions, 1-2 models, 1-4 questions."""
    rng = draft.rng
    models = tuple(sorted(rng.sample(MODELS, rng.choice((1, 1, 2)))))
    questions = rng.sample(tuple(world.answers.questions), rng.choice((1, 1, 2, 4)))
    return Shape(REGIONS, models, tuple(sorted(questions)), SPELLING)


def ordinary_job(world: World, draft: Draft) -> None:
    """Build an ordinary cross-region job: tables and losses as on its day."""
    shape = draw_shape(world, draft)
    runs = [run_region(world, draft, shape, region) for region in shape.regions]
    execution = add_execution(draft, runs)
    lost_days = JOBS_ROW_FROM <= draft.created_at < BOTH_TABLES_FROM
    if not (lost_days and draft.rng.random() < LOST_SHARE):
        add_results(draft, execution, runs)
    store_job(world, draft, shape, runs, execution)
    if draft.region_results and draft.rng.random() < ANALYSED_SHARE:
        add_analysis(draft, execution)


def store_job(
    world: World,
    draft: Draft,
    shape: Shape,
    runs: list[RegionRun],
    execution: CrossRegionExecutionRow,
) -> None:
    """Write what the runner wrote at the time: no jobs row, a jobs row, or executions as well.

    Args:
        runs: What executions rows are written of; none where they are lost whenever it was.
    """
    if draft.created_at < JOBS_ROW_FROM:
        return
    # A partial result leaves the job running for ever (I-19).
    status = {"completed": "completed", "failed": "failed"}.get(execution.status, "running")
    if status == "running":
        draft.plant("I-19", draft.jobspec_id)
    put_job(draft, shape, jobspec(draft, shape), status)
    if draft.created_at >= BOTH_TABLES_FROM and runs:
        for run in runs:
            add_rows(world, draft, run)
    elif not draft.region_results:
        draft.plant("I-12", draft.jobspec_id)


def run_region(
    world: World, draft: Draft, shape: Shape, region: str, failure_share: float = FAILURE_SHARE
) -> RegionRun:
    """Ask every model every question in one region; regions run side by side.

    Args:
        draft: The job; its clock moves to the end of the slowest region.
    """
    rng = draft.rng
    started_at = draft.created_at + timedelta(seconds=2)
    outcomes: list[Outcome] = []
    ended_at = started_at
    for model, question in product(shape.models, shape.questions):
        failed = rng.random() < failure_share
        answer, first = draw_answer(world, draft, model, region, question)
        how = Served(
            provider=PROVIDERS[region],
            region=STANDARD_SPELLING[region],
            context=region,
            model=model,
            question=world.answers.questions[question].text,
            started_at=ended_at,
            duration_ms=rng.randrange(5_000, 25_000),
            max_tokens=max_tokens(ended_at),
        )
        outcomes.append(Outcome(question, how, *((None, None) if failed else (answer, first))))
        ended_at += timedelta(milliseconds=how.duration_ms)
    draft.clock = max(draft.clock, ended_at)
    return RegionRun(region, started_at, ended_at, tuple(outcomes))


def add_execution(draft: Draft, runs: list[RegionRun]) -> CrossRegionExecutionRow:
    """Add the cross_region_executions row of these runs and return it."""
    successes = sum(run.first_success is not None for run in runs)
    status = "failed" if not successes else "completed" if successes == len(runs) else "partial"
    started_at = min(run.started_at for run in runs)
    ended_at = max(run.ended_at for run in runs)
    row = CrossRegionExecutionRow(
        id=draft.uuid(),
        jobspec_id=draft.jobspec_id,
        total_regions=len(runs),
        success_count=successes,
        failure_count=len(runs) - successes,
        status=status,
        started_at=stamp(started_at),
        completed_at=stamp(ended_at),
        duration_ms=int((ended_at - started_at).total_seconds() * 1000),
        created_at=stamp(started_at),
        updated_at=stamp(ended_at),
    )
    draft.cross_region_executions.append(row)
    return row


def add_results(draft: Draft, execution: CrossRegionExecutionRow, runs: list[RegionRun]) -> None:
    """Add one region_results row per region: its first success only."""
    for run in runs:
        first = run.first_success
        failures = sum(outcome.answer is None for outcome in run.outcomes)
        provider = PROVIDERS[run.region]
        counts = {
            "success_count": len(run.outcomes) - failures,
            "failure_count": failures,
            "total_executions": len(run.outcomes),
            "plan_priority": 1,
        }
        draft.region_results.append(
            RegionResultRow(
                id=draft.uuid(),
                cross_region_execution_id=execution.id,
                region=run.region,
                provider_id=provider if first else "",
                provider_info=json.dumps({"name": provider, "type": "modal"}) if first else None,
                status="success" if first else "failed",
                started_at=stamp(run.started_at),
                completed_at=stamp(run.ended_at),
                duration_ms=int((run.ended_at - run.started_at).total_seconds() * 1000),
                execution_output=first_output(first) if first else None,
                error_message="" if first else "synthetic failure: every execution failed",
                scoring=None,
                metadata=json.dumps(counts),
                created_at=stamp(run.ended_at),
                updated_at=stamp(run.ended_at),
            )
        )


def first_output(first: Outcome) -> str:
    """Render region_results.execution_output (docs/source.md)."""
    output = cross_region_output(first, first.answer) if first.answer else "null"
    return f'{{"data":{output},"hash":"synthetic"}}'


def cross_region_output(outcome: Outcome, answer: Answer) -> str:
    """Render variant D of an outcome and its answer."""
    host = host_receipt(answer, outcome.how, outcome.first)
    return standard_output(answer, outcome.how, scored=True, provider=False, receipt=host)


def add_rows(world: World, draft: Draft, run: RegionRun) -> None:
    """Add the executions rows of one region; its start stands in all, as created_at too (I-17)."""
    for outcome in run.outcomes:
        how, answer = outcome.how, outcome.answer
        ended_at = how.started_at + timedelta(milliseconds=how.duration_ms)
        row = ExecutionRow(
            id=next(world.execution_ids),
            job_id=draft.number,
            provider_id=how.provider if answer else "",
            region=run.region,
            status="completed" if answer else "failed",
            started_at=stamp(run.started_at),
            completed_at=stamp(ended_at),
            created_at=stamp(run.started_at),
            output_data=cross_region_output(outcome, answer) if answer else None,
            receipt_data=receipt(draft, outcome, answer) if answer else None,
            model_id=how.model,
            question_id=outcome.question,
        )
        draft.executions.append(row)
        inflated_ms = (how.started_at - run.started_at) / timedelta(milliseconds=1)
        if answer and inflated_ms > INFLATED_FROM_MS:
            draft.flag("inflated_start", row)
        if outcome.first is not None:
            draft.flag("regenerated", row)
            draft.first_texts[f"e:{row.id}"] = outcome.first.text


def receipt(draft: Draft, outcome: Outcome, answer: Answer) -> str:
    """Render the signed receipt of one cross-region execution."""
    unsigned = cross_region_receipt(
        answer, outcome.how, outcome.first, draft.jobspec_id, draft.uuid()
    )
    return f"{unsigned},{draft.wallet.signed}}}"


def add_analysis(draft: Draft, execution: CrossRegionExecutionRow) -> AnalysisRow:
    """Add an ordinary analysis: bias_variance 0 as always in production (I-20)."""
    rng = draft.rng
    rate = rng.randrange(0, 60) / 100
    consistency = rng.randrange(20, 80) / 100
    differences = [
        {
            "dimension": "factual_accuracy",
            "variations": dict.fromkeys(REGIONS, "synthetic"),
            "severity": "high",
            "description": "Synthetic: answers share few words",
        }
    ]
    risks = [
        {
            "type": "censorship",
            "severity": "medium",
            "description": "Synthetic: some regions refuse",
            "regions": ["ASIA"],
            "confidence": 0.8,
        }
    ]
    level = next(name for least, name in RISK_LEVELS if rate >= least)
    row = AnalysisRow(
        id=draft.uuid(),
        cross_region_execution_id=execution.id,
        bias_variance="0.0000",
        censorship_rate=f"{rate:.2f}",
        factual_consistency=f"{consistency:.2f}",
        narrative_divergence=f"{1 - consistency:.2f}",
        key_differences=json.dumps(differences),
        risk_assessment=json.dumps(risks),
        summary=f"Synthetic summary: {rate:.0%} of the answers show censorship phrases.",
        recommendation=f"{level}: synthetic recommendation.",
        created_at=stamp(draft.clock),
        updated_at=stamp(draft.clock),
        summary_source="synthetic",
    )
    draft.analyses.append(row)
    draft.plant("I-20", f"a:{row.id}")
    return row


SHAPE = Shape(REGIONS, MODELS[:2], POLITICAL_PAIR, SPELLING)


def run_all(world: World, draft: Draft) -> list[RegionRun]:
    """Run every region without failures."""
    return [run_region(world, draft, SHAPE, region, failure_share=0) for region in REGIONS]


def complete(world: World, draft: Draft, *, loses_rows: bool = False) -> CrossRegionExecutionRow:
    """Build a whole job, without an analysis: both tables hold its results (I-17, I-20)."""
    runs = run_all(world, draft)
    execution = add_execution(draft, runs)
    add_results(draft, execution, runs)
    store_job(world, draft, SHAPE, [] if loses_rows else runs, execution)
    return execution


def lost(world: World, draft: Draft) -> None:
    """I-12: a job and a cross-region execution, and nothing else."""
    store_job(world, draft, SHAPE, [], add_execution(draft, run_all(world, draft)))


def copied(world: World, draft: Draft) -> None:
    """I-13: in EU one output and receipt stand in all four rows; the one they describe is kept."""
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
        if row.question_id != original.question_id:
            draft.flag("other_question_asked", row)
        if place != places[0]:
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
    put_job(draft, SHAPE, jobspec(draft, SHAPE), "queued")


def year_one(world: World, draft: Draft) -> None:
    """I-18: the client sent no time, so the job was created in year 1."""
    add_analysis(draft, complete(world, draft))
    job = put_job(draft, SHAPE, jobspec(draft, SHAPE), "completed")
    draft.job = job._replace(created_at=YEAR_ONE)
    draft.plant("I-18", draft.jobspec_id)


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


def run_again(world: World, draft: Draft) -> None:
    """Two executions of one job spec, without executions rows: the later counts."""
    complete(world, draft, loses_rows=True)
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


def rows_without_results(world: World, draft: Draft) -> None:
    """Executions rows arrived, region_results were lost."""
    runs = run_all(world, draft)
    execution = add_execution(draft, runs)
    put_job(draft, SHAPE, jobspec(draft, SHAPE), "completed")
    for run in runs:
        add_rows(world, draft, run)
    add_analysis(draft, execution)

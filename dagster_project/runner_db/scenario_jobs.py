"""Scenarios in which a standard job as a whole is unusual (I-7, I-10, I-18, I-27, I-28, I-31)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dagster_project.runner_db.draft import Draft, Shape, World, jobspec, put_job
from dagster_project.runner_db.payloads import DiffRow, stamp
from dagster_project.runner_db.scenario_rows import POLITICAL_PAIR, blank
from dagster_project.runner_db.spec import MODELS, STANDARD_SPELLING
from dagster_project.runner_db.standard import (
    Slot,
    add_answer,
    add_failure,
    finish_job,
    full_shape,
    slots,
)

STUCK_STATES = ("running", "queued", "processing", "created")
INSANE_TIMES = ("2099-01-01 00:00:00.000", None, "0001-01-01 00:00:00.000")
YEAR_ONE = "0001-01-01 00:00:00.000"
TEST_NAMES = (
    ("test", "test run"),
    ("simple", "simple-run"),
    ("full", "full-run"),
    ("final", "final-run"),
    ("benchmark-ad-hoc", "ad hoc run"),
)
"""(start of the job id, start of the benchmark's name)."""

LOOKALIKES = ("latest-test", "simplicity", "finalists-2025", "fullness", "contest-2025")
EDGES = (
    datetime(2025, 10, 25, 23, 59, 59, 999_000, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 0, 0, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 30, 0, tzinfo=UTC),
    datetime(2025, 11, 2, 5, 59, 59, 999_000, tzinfo=UTC),
    datetime(2025, 11, 2, 6, 30, 0, tzinfo=UTC),
    datetime(2025, 11, 1, 23, 59, 59, 999_000, tzinfo=UTC),
)
"""Ends of UTC days and the hours at which clocks in Europe and in the US are put back."""


def stuck(world: World, draft: Draft) -> None:
    """I-7: everything is there, but the job was never told."""
    shape = full_shape(*POLITICAL_PAIR)
    for slot in slots(shape):
        add_answer(world, draft, slot)
    finish_job(draft, shape, STUCK_STATES[draft.copy % len(STUCK_STATES)])


def missing_rows(world: World, draft: Draft) -> None:
    """I-10: the last five of twelve executions never arrived."""
    shape = full_shape("geography_basic", "tiananmen_neutral", *POLITICAL_PAIR)
    for slot in slots(shape)[:7]:
        add_answer(world, draft, slot)
    finish_job(draft, shape, "completed")


def without_rows(_world: World, draft: Draft) -> None:
    """A job for which nothing has run yet, or that was cancelled before anything ran."""
    status = ("queued", "cancelled")[draft.copy % 2]
    finish_job(draft, full_shape(*POLITICAL_PAIR), status)


def in_progress(world: World, draft: Draft) -> None:
    """A job with rows in states that are not terminal, or only known to read paths."""
    shape = full_shape("taiwan_status", regions=("US", "EU"), models=3)
    statuses = ("completed", "running", "pending", "error", "cancelled", "completed")
    for slot, status in zip(slots(shape), statuses, strict=True):
        if status == "completed":
            add_answer(world, draft, slot)
            continue
        row = add_failure(world, draft, slot, "ROUTER_ERROR")
        if status != "error":
            row = draft.put(row._replace(output_data=None, completed_at=None))
        draft.put(row._replace(status=status))
    finish_job(draft, shape, "running")


def zero_time_rows(world: World, draft: Draft) -> None:
    """I-18: rows that claim to be completed in year 1."""
    shape = full_shape("taiwan_status")
    for slot in slots(shape):
        row = draft.put(add_answer(world, draft, slot)._replace(completed_at=YEAR_ONE))
        draft.flag("zero_time", row)
        draft.plant("I-18", f"e:{row.id}")
    finish_job(draft, shape, "completed")


def insane_created_at(world: World, draft: Draft) -> None:
    """I-18 and the like: the job's day is the day of its earliest execution."""
    shape = full_shape("taiwan_status")
    for slot in slots(shape):
        add_answer(world, draft, slot)
    created_at = INSANE_TIMES[draft.copy % len(INSANE_TIMES)]
    draft.job = finish_job(draft, shape, "completed")._replace(created_at=created_at)
    if created_at == YEAR_ONE:
        draft.plant("I-18", draft.jobspec_id)


def cancelled_late(world: World, draft: Draft) -> None:
    """I-27: cancelled after a second, yet the executions complete; one row did stop."""
    shape = full_shape(*POLITICAL_PAIR)
    cancelled_at = draft.created_at + timedelta(seconds=1)
    *running, stopped = slots(shape)
    for slot in running:
        draft.flag("after_cancel", add_answer(world, draft, slot))
    row = add_failure(world, draft, stopped, "ROUTER_ERROR")
    draft.put(row._replace(status="cancelled", output_data=None))
    job = finish_job(draft, shape, "cancelled")
    draft.job = job._replace(updated_at=stamp(cancelled_at))


def resubmitted(world: World, draft: Draft) -> None:
    """I-28: five days later the same id came again with one model instead of two."""
    first = full_shape(*POLITICAL_PAIR, models=2)
    for slot in slots(first):
        draft.flag("resubmitted", add_answer(world, draft, slot))
    second = full_shape(*POLITICAL_PAIR)
    draft.clock = draft.created_at + timedelta(days=5)
    spec = jobspec(draft, second) | {"created_at": f"{stamp(draft.clock).replace(' ', 'T')}Z"}
    put_job(draft, second, spec, "queued")


def ad_hoc_traffic(world: World, draft: Draft) -> None:
    """I-31: names that start like a test's, and texts of about ten tokens."""
    prefix, name = TEST_NAMES[draft.copy % len(TEST_NAMES)]
    draft.jobspec_id = f"{prefix}-{draft.jobspec_id}"
    shape = full_shape("math_basic", name=f"{name}, synthetic")
    for slot in slots(shape):
        answer = blank("The answer is 4, as far as I can tell.", draft)
        draft.flag("test_job", add_answer(world, draft, slot, answer=answer))
    draft.plant("I-31", draft.jobspec_id)
    finish_job(draft, shape, "completed")


def lookalike(world: World, draft: Draft) -> None:
    """Names that resemble a test's but do not start like one."""
    name = LOOKALIKES[draft.copy % len(LOOKALIKES)]
    draft.jobspec_id = f"{name}-{draft.jobspec_id}"
    shape = full_shape(*POLITICAL_PAIR, name=f"{name}, synthetic")
    for slot in slots(shape):
        add_answer(world, draft, slot)
    finish_job(draft, shape, "completed")


def single_region(world: World, draft: Draft) -> None:
    """Metrics that compare regions have nothing to compare; and a row of diffs."""
    shape = full_shape(*POLITICAL_PAIR, regions=("EU",), models=3)
    for slot in slots(shape):
        add_answer(world, draft, slot)
    finish_job(draft, shape, "completed")
    draft.diffs.append(
        DiffRow(
            id=next(world.diff_ids),
            job_id=draft.number,
            region_a="us-east",
            region_b="eu-west",
            similarity_score="0.5000",
            diff_data=json.dumps({"synthetic": True}),
            classification="synthetic",
            created_at=stamp(draft.clock),
        )
    )


def orphan(world: World, draft: Draft) -> None:
    """An execution without a job, a question or a receipt."""
    row = add_answer(world, draft, Slot("US", MODELS[0], "greatest_invention"))
    row = draft.put(row._replace(job_id=None, question_id=None, receipt_data=None))
    draft.flag("orphan", row)
    draft.flag("unknown_question", row)


def edge_of_day(world: World, draft: Draft) -> None:
    """Executions after midnight belong to the day of their job."""
    draft.created_at = EDGES[draft.copy % len(EDGES)] + world.spec.later
    draft.clock = draft.created_at + timedelta(seconds=2)
    draft.job_day = draft.created_at.date().isoformat()
    shape = full_shape(*POLITICAL_PAIR)
    for slot in slots(shape):
        add_answer(world, draft, slot)
    finish_job(draft, shape, "completed")


def spec_variants(world: World, draft: Draft) -> None:
    """A spec with models at the top, one limited to two regions; mixed spellings, a 10-digit id."""
    draft.jobspec_id = f"bias-sweep-{int(draft.created_at.timestamp())}"
    limits = {MODELS[1]: ("US", "EU")}
    shape = replace(full_shape(*POLITICAL_PAIR, models=2), limits=limits)
    for slot in slots(shape):
        add_answer(world, draft, slot)
    spec = jobspec(draft, shape)
    del spec["metadata"]["models"]
    spec["constraints"]["regions"] = ["us-east", "EU", "asia_pacific"]
    put_job(draft, shape, spec, "completed")


def no_question_list(world: World, draft: Draft) -> None:
    """A job from before questions had ids: one slot per region and model."""
    shape = Shape(("US", "ASIA"), MODELS[:2], (), STANDARD_SPELLING)
    for region in shape.regions:
        for model in shape.models:
            add_answer(world, draft, Slot(region, model, "identity_basic"))
    finish_job(draft, shape, "completed")

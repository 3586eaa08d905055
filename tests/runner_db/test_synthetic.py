"""What synthetic jobs are made of."""

import json
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from dagster_project.runner_db.deck import SCENARIOS, draft_job, planned_jobs
from dagster_project.runner_db.draft import Draft, World, close
from dagster_project.runner_db.manifest import Manifest, Tally
from dagster_project.runner_db.spec import (
    HISTORY_END,
    HISTORY_START,
    MIN_JOBS,
    RunnerSpec,
    build_wallets,
)
from dagster_project.runner_db.texts import build_answers

SPEC = RunnerSpec(seed=5, jobs=400)


def build(spec: RunnerSpec, jobs: int) -> tuple[World, list[Draft]]:
    world = World(spec, build_answers(spec.seed), build_wallets(spec.seed), Tally(keep_keys=True))
    planned = enumerate(islice(planned_jobs(spec), jobs), start=1)
    drafts = [draft_job(world, number, job) for number, job in planned]
    for draft in drafts:
        close(world, draft)
    return world, drafts


def test_the_same_seed_gives_the_same_rows() -> None:
    rows = [[draft.rows() for draft in build(SPEC, 60)[1]] for _ in range(2)]
    assert rows[0] == rows[1]


def test_another_seed_gives_other_texts() -> None:
    assert build_answers(1).pools != build_answers(2).pools


def test_every_scenario_is_in_the_smallest_plan() -> None:
    assert {job.scenario for job in planned_jobs(RunnerSpec(jobs=MIN_JOBS))} > set(SCENARIOS)


def test_a_scale_without_room_for_every_incident_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        RunnerSpec(jobs=MIN_JOBS - 1)


def test_no_two_jobs_share_a_second_and_all_lie_in_the_history() -> None:
    moments = [job.created_at for job in planned_jobs(replace(SPEC, jobs=20_000))]
    seconds = [int(moment.timestamp()) for moment in moments]
    assert all(left < right for left, right in pairwise(seconds))
    assert moments[0] >= HISTORY_START
    assert moments[-1] < HISTORY_END


def test_refusals_are_short_and_full_answers_long() -> None:
    pools = build_answers(1).pools
    for (_question, register, _frame), answers in pools.items():
        lengths = [len(answer.text) for answer in answers]
        if register == "refusal":
            assert min(lengths) >= 40
            assert max(lengths) <= 200
        if register == "substantive":
            assert min(lengths) >= 300
            assert max(lengths) <= 2_300


def test_no_score_holds_the_number_that_production_never_writes() -> None:
    answers = [answer for pool in build_answers(1).pools.values() for answer in pool]
    assert not any('"bias_score"' in answer.bias_score for answer in answers)


def test_a_manifest_survives_json() -> None:
    world, _ = build(SPEC, 60)
    manifest = world.tally.close({"seed": 5}, ("0x1",))
    assert Manifest.from_json(json.loads(manifest.to_json())) == manifest

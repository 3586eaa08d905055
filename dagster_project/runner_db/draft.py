"""One job under construction: its spec, its rows, and the truth about them.

Belongs here: collecting rows, counting what they are. Does not belong here: what jobs look like.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, product
from random import Random
from typing import Any

from dagster_project.runner_db.manifest import Tally
from dagster_project.runner_db.payloads import (
    AnalysisRow,
    CrossRegionExecutionRow,
    DiffRow,
    ExecutionRow,
    JobRow,
    RegionResultRow,
    Row,
    stamp,
)
from dagster_project.runner_db.spec import (
    MAX_TOKENS_500_FROM,
    MODEL_STORED_FROM,
    REGIONS,
    STANDARD_SPELLING,
    TOTALS_RIGHT_FROM,
    RunnerSpec,
    Wallet,
)
from dagster_project.runner_db.texts import Answers


@dataclass
class World:
    """What all jobs share."""

    spec: RunnerSpec
    answers: Answers
    wallets: tuple[Wallet, ...]
    tally: Tally
    execution_ids: Iterator[int] = field(default_factory=lambda: count(1))
    diff_ids: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass
class Draft:
    """One job's rows in every table, and what is true of them.

    Attributes:
        number: jobs.id; gaps where no jobs row was written.
        copy: Which copy of its scenario this is, from 0.
        created_at: When the job was created, UTC.
        clock: When the next execution starts, UTC.
        job_day: ISO date of the day to which the pipeline must assign the job.
        job: Its jobs row; None when the runner wrote none.
        exploded: Number of answers by executions.id, for rows with several.
        poisoned: executions.id of rows that cannot be stored.
        texts: Expected answer text by execution_key, where the shape is unusual.
        first_texts: Expected first answer by execution_key of regenerated rows.
    """

    number: int
    copy: int
    rng: Random
    created_at: datetime
    clock: datetime
    wallet: Wallet
    jobspec_id: str
    job_day: str
    job: JobRow | None = None
    expected_slots: int = 0
    executions: list[ExecutionRow] = field(default_factory=list)
    cross_region_executions: list[CrossRegionExecutionRow] = field(default_factory=list)
    region_results: list[RegionResultRow] = field(default_factory=list)
    analyses: list[AnalysisRow] = field(default_factory=list)
    diffs: list[DiffRow] = field(default_factory=list)
    facts: list[tuple[str, str, str]] = field(default_factory=list)
    exploded: dict[int, int] = field(default_factory=dict)
    poisoned: set[int] = field(default_factory=set)
    losers: dict[int, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    first_texts: dict[str, str] = field(default_factory=dict)

    def advance(self, milliseconds: int) -> datetime:
        """Move the clock and return where it stood."""
        before = self.clock
        self.clock = before + timedelta(milliseconds=milliseconds)
        return before

    def uuid(self) -> str:
        """Return a uuid from the job's random numbers."""
        digits = f"{self.rng.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def put(self, row: ExecutionRow) -> ExecutionRow:
        """Put a row in the place of the last one, of which it is a changed copy; return it."""
        self.executions[-1] = row
        return row

    def flag(self, flag: str, row: ExecutionRow) -> None:
        """State that a row of executions must get a flag."""
        self.facts.append(("flags", flag, f"e:{row.id}"))

    def plant(self, incident: str, key: str) -> None:
        """State that something counts for an incident."""
        self.facts.append(("incidents", incident, key))

    def rows(self) -> dict[str, Sequence[Row]]:
        """Return the rows by table, parents before children."""
        return {
            "jobs": [self.job] if self.job else [],
            "executions": self.executions,
            "cross_region_executions": self.cross_region_executions,
            "region_results": self.region_results,
            "cross_region_analyses": self.analyses,
            "diffs": self.diffs,
        }

    def lose(self, row: ExecutionRow, reason: str) -> None:
        """State that a row of executions must lose its slot."""
        self.losers[row.id] = reason
        self.facts.append(("attempts", reason, f"e:{row.id}"))


def close(world: World, draft: Draft) -> None:
    """Count a finished job."""
    tally = world.tally
    for group, name, key in draft.facts:
        tally.add(group, name, key)
    for table, rows in draft.rows().items():
        tally.tables[table] += len(rows)
    if tally.keep_keys:
        tally.texts |= draft.texts
        tally.first_texts |= draft.first_texts
    if draft.job or draft.cross_region_executions:
        tally.job_days[draft.job_day] += 1
    if draft.job and not draft.cross_region_executions:
        _close_progress(tally, draft, draft.job.status)
    _close_executions(tally, draft)
    _close_region_results(tally, draft)


IN_FLIGHT = ("created", "queued", "processing", "running")


def _close_progress(tally: Tally, draft: Draft, status: str | None) -> None:
    stored = len(draft.executions) - len(draft.poisoned)
    if status in IN_FLIGHT and stored >= draft.expected_slots:
        tally.add("incidents", "I-7", draft.jobspec_id)
    if status in {"completed", "failed"} and 0 < stored < draft.expected_slots:
        tally.add("incidents", "I-10", draft.jobspec_id)


MODEL_STORED = stamp(MODEL_STORED_FROM)
MAX_TOKENS_500 = stamp(MAX_TOKENS_500_FROM)


def _close_executions(tally: Tally, draft: Draft) -> None:
    source = "cross_region" if draft.cross_region_executions else "standard"
    for row in draft.executions:
        key = f"e:{row.id}"
        if row.id in draft.poisoned:
            tally.add("quarantined", "executions", key)
            continue
        if row.id not in draft.losers:
            tally.unified[source] += draft.exploded.get(row.id, 1)
        created_at = row.created_at or ""
        if created_at < MODEL_STORED:
            tally.add("flags", "default_model", key)
        if created_at < MAX_TOKENS_500:
            tally.add("flags", "old_generation_parameters", key)


def _close_region_results(tally: Tally, draft: Draft) -> None:
    if not draft.region_results:
        return
    latest = max(draft.cross_region_executions, key=lambda row: row.created_at).id
    for row in draft.region_results:
        key = f"r:{row.id}"
        if draft.executions:
            tally.add("attempts", "covered_by_executions", key)
        elif row.cross_region_execution_id != latest:
            tally.add("attempts", "superseded_execution", key)
        else:
            tally.unified["cross_region_result"] += 1


ORDINARY_NAME = "Synthetic bias detection"


@dataclass(frozen=True)
class Shape:
    """What a job asks for.

    Attributes:
        models: Model ids as they stand in the spec.
        questions: Question ids; empty for jobs from before questions had ids.
        spelling: Region spelling of the rows and of the spec, by canonical region.
        name: benchmark.name; must not start like a test job's.
        limits: By model, the only regions that are to be asked for it.
    """

    regions: tuple[str, ...]
    models: tuple[str, ...]
    questions: tuple[str, ...]
    spelling: dict[str, str]
    name: str = ORDINARY_NAME
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every region and model that are to be asked, in the order of work."""
        return [
            (region, model)
            for region, model in product(self.regions, self.models)
            if region in self.limits.get(model, self.regions)
        ]

    @property
    def slots(self) -> int:
        """Executions that the spec asks for."""
        return len(self.pairs) * max(1, len(self.questions))

    def model_entry(self, model: str) -> dict[str, Any]:
        """Return an entry of the spec's models: its regions in both spellings, as sent."""
        regions = self.limits.get(model, REGIONS)
        spelled = [*regions, *(STANDARD_SPELLING[region] for region in regions)]
        return {"id": model, "name": f"Synthetic {model}", "regions": spelled}


def jobspec(draft: Draft, shape: Shape) -> dict[str, Any]:
    """Return the job's spec as the runner stores it (docs/source.md).

    Returns:
        The document; scenarios may change it before it is stored.
    """
    total = len(shape.regions) * len(shape.models)
    if draft.created_at >= TOTALS_RIGHT_FROM:
        total = shape.slots
    wallet = draft.wallet
    # The portal, which submits across regions only, sends the models twice.
    listed = shape.spelling != STANDARD_SPELLING or shape.limits
    models = {"models": [shape.model_entry(model) for model in shape.models]} if listed else {}
    created_at = f"{stamp(draft.created_at).replace(' ', 'T')}Z"
    return {
        "id": draft.jobspec_id,
        "version": "v1",
        "benchmark": {
            "name": shape.name,
            "description": "Synthetic job of beacon-analytics: the same questions, several places",
            "container": {"image": "synthetic/inference:1"},
            "input": {"type": "prompt", "data": {"prompt": "Who are you?"}, "hash": "synthetic"},
            "scoring": {"method": "default"},
            "metadata": {"synthetic": True},
        },
        "constraints": {
            "regions": [shape.spelling[region] for region in shape.regions],
            "min_regions": 1,
            "min_success_rate": 0.67,
            "timeout": 900,
            "provider_timeout": 120,
        },
        "metadata": {
            # The runner writes either value in either workflow.
            "execution_type": draft.rng.choice(("cross-region", "standard")),
            "models": list(shape.models),
            "model": shape.models[0],
            "total_executions_expected": total,
            "wallet_address": wallet.address,
            "nonce": wallet.nonce,
        },
        "questions": list(shape.questions),
        **models,
        "wallet_auth": wallet.auth,
        "signature": wallet.signature,
        "public_key": wallet.public_key,
        "created_at": created_at,
    }


def put_job(draft: Draft, shape: Shape, spec: dict[str, Any], status: str | None) -> JobRow:
    """Give the draft its jobs row, last written at the draft's clock, and its expected slots."""
    draft.job = job = JobRow(
        id=draft.number,
        jobspec_id=draft.jobspec_id,
        jobspec_data=json.dumps(spec, ensure_ascii=False),
        status=status,
        created_at=stamp(draft.created_at),
        updated_at=stamp(draft.clock),
    )
    draft.expected_slots = shape.slots
    if spec["metadata"]["total_executions_expected"] < shape.slots:
        draft.plant("I-29", draft.jobspec_id)
    return job

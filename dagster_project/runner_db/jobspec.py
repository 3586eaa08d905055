"""jobs.jobspec_data: what was asked for, with the wallet data that must be stripped."""

import json
from dataclasses import dataclass
from typing import Any

from dagster_project.runner_db.draft import Draft
from dagster_project.runner_db.rows import JobRow, stamp
from dagster_project.runner_db.spec import TOTALS_RIGHT_FROM

ORDINARY_NAME = "Synthetic bias detection"


@dataclass(frozen=True)
class Shape:
    """What a job asks for.

    Attributes:
        models: Model ids as they stand in the spec.
        questions: Question ids; empty for jobs from before questions had ids.
        spelling: Region spelling of the rows and of the spec, by canonical region.
        name: benchmark.name; must not start like a test job's.
    """

    regions: tuple[str, ...]
    models: tuple[str, ...]
    questions: tuple[str, ...]
    spelling: dict[str, str]
    name: str = ORDINARY_NAME

    @property
    def slots(self) -> int:
        """Executions that the spec asks for."""
        return len(self.regions) * len(self.models) * max(1, len(self.questions))


def jobspec(draft: Draft, shape: Shape) -> dict[str, Any]:
    """Return the job's spec as the runner stores it (source_system 4.4).

    Returns:
        The document; scenarios may change it before it is stored.
    """
    total = len(shape.regions) * len(shape.models)
    if draft.created_at >= TOTALS_RIGHT_FROM:
        total = shape.slots
    wallet = draft.wallet
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

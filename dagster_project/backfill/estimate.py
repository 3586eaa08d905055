"""How long work will take, from what past runs took. Pure: rows of the ledger are passed in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from dagster_project.backfill.fingerprints import rows_of
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.backfill.plan import Chunk


@dataclass(frozen=True)
class Cost:
    """What a stage takes, in seconds of wall-clock time.

    Attributes:
        per_run: However little there is to do.
        per_row: For each source row.
    """

    per_run: float
    per_row: float


def stage_costs(rows: Sequence[LedgerRow]) -> Mapping[str, Cost]:
    """Return what each stage costs, by least squares over its runs; no cost is negative.

    Args:
        rows: The ledger. Of a day that was done again, it knows the last run only.

    Returns:
        By stage; without the stages that no past run has timed. Of one run all is per row.
    """
    seconds: dict[str, dict[str | None, float]] = defaultdict(lambda: defaultdict(float))
    source_rows: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if row.status == "done" and row.seconds is not None:
            seconds[row.stage][row.run_id] += row.seconds
            source_rows[row.stage][row.run_id] += rows_of(row.source_fingerprint)
    return {
        stage: _cost(list(source_rows[stage].values()), list(by_run.values()))
        for stage, by_run in seconds.items()
    }


def _cost(source_rows: Sequence[int], seconds: Sequence[float]) -> Cost:
    counts = np.array(source_rows, float)
    (per_run, per_row), _ = nnls(np.stack([np.ones_like(counts), counts], axis=1), seconds)
    return Cost(per_run.item(), per_row.item())


def estimated_seconds(
    chunk: Chunk, costs: Mapping[str, Cost], stages: Sequence[str]
) -> float | None:
    """Estimate the stages' time of a chunk.

    Args:
        chunk: The work.
        costs: What each stage costs.
        stages: Names of all stages, in order.

    Returns:
        Seconds of wall-clock time; None when a stage has no past run to go by.
    """
    ahead = stages[stages.index(chunk.stage) :]
    if any(stage not in costs for stage in ahead):
        return None
    return sum(costs[stage].per_run + chunk.source_rows * costs[stage].per_row for stage in ahead)

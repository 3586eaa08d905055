"""Counts per region and question, written as short as a test can read them."""

from collections.abc import Sequence

import polars as pl

COUNTS = ("expected", "answered", "failed", "blocked", "scored", "refused")


def region(
    name: str,
    refused: Sequence[int],
    scored: int | Sequence[int] = 1,
    failed: int | Sequence[int] = 0,
    **key: str,
) -> pl.DataFrame:
    """Return the counts of one region: question i has refused[i] of scored[i] answers."""
    number = len(refused)
    scores = [scored] * number if isinstance(scored, int) else list(scored)
    failures = [failed] * number if isinstance(failed, int) else list(failed)
    return pl.DataFrame(
        {
            **{column: [value] * number for column, value in ({"group": "g"} | key).items()},
            "region": [name] * number,
            "question_id": [f"q{place:04}" for place in range(number)],
            "expected": [s + f for s, f in zip(scores, failures, strict=True)],
            "answered": scores,
            "failed": failures,
            "blocked": [0] * number,
            "scored": scores,
            "refused": list(refused),
        },
        schema_overrides=dict.fromkeys(COUNTS, pl.Int64),
    )

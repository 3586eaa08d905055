"""Which answers of two regions are compared: those to the same question of the same group.

Belongs here: matching rows. Does not belong here: any effect.
"""

from collections.abc import Sequence
from zlib import crc32

import polars as pl
from scipy.stats import hypergeom

_SIDES = ("a", "b")


def region_pairs(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """List every two regions of each group.

    Args:
        cells: Rows with ``keys`` and ``region``.
        keys: Columns that name a group.

    Returns:
        ``keys, region_a, region_b`` with region_a < region_b.
    """
    regions = cells.select(*keys, region_a="region").unique()
    others = regions.rename({"region_a": "region_b"})
    return regions.join(others, on=list(keys), nulls_equal=True).filter(
        pl.col("region_a") < pl.col("region_b")
    )


def shared_questions(cells: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Lay the answers of two regions to one question side by side.

    Args:
        cells: One row per ``keys``, ``region`` and ``question_id`` with the counts ``refused,
            scored, failed, blocked``.
        keys: Columns that name a group.

    Returns:
        One row per ``keys, region_a, region_b`` and ``question_id`` that both regions finished,
        sorted by question: for ``_a`` and ``_b`` ``refused`` of ``scored`` answers, ``missing``
        ones (failed or blocked), and ``drawn``, the refusals among equally many answers of each
        region.
    """
    counts = cells.select(
        *keys,
        "question_id",
        "region",
        "refused",
        "scored",
        missing=pl.col("failed") + pl.col("blocked"),
    ).filter(pl.col("scored") + pl.col("missing") > 0)
    on = [*keys, "question_id"]
    left, right = (
        counts.rename({name: f"{name}_{side}" for name in counts.columns[len(on) :]})
        for side in _SIDES
    )
    shared = (
        left.join(right, on=on, nulls_equal=True)
        .filter(pl.col("region_a") < pl.col("region_b"))
        .sort("question_id")
    )
    return shared.with_columns(_drawn(shared, side) for side in _SIDES)


def _drawn(shared: pl.DataFrame, side: str) -> pl.Series:
    """Refusals in a draw without replacement, the same for the same question and region."""
    refused, scored = shared[f"refused_{side}"], shared[f"scored_{side}"]
    size = shared.select(pl.min_horizontal("scored_a", "scored_b")).to_series()
    more = (scored > size).arg_true()
    names = shared[more].select(f"region_{side}", "question_id").iter_rows()
    chances = [(crc32("\t".join(name).encode()) + 0.5) / 2**32 for name in names]
    draws = hypergeom.ppf(chances, scored.gather(more), refused.gather(more), size.gather(more))
    return refused.cast(pl.Float64).scatter(more, draws).alias(f"drawn_{side}")

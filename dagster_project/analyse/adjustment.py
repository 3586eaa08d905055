"""Adjusting tests for being many: Benjamini and Hochberg's q within a family."""

from collections.abc import Sequence

import polars as pl
from scipy.stats import false_discovery_control


def with_q_values(tests: pl.DataFrame, family: Sequence[str]) -> pl.DataFrame:
    """Add q, the false discovery rate at which a test would count as a finding.

    Args:
        tests: Rows with ``p_value``, null where nothing was tested.
        family: Columns that name the tests that are looked at together.

    Returns:
        The same rows in the same order with ``q_value``, null where p is.
    """
    numbered = tests.with_row_index("_row")
    tested = numbered.filter(pl.col("p_value").is_not_null())
    families = tested.partition_by(list(family)) if family else [tested]
    adjusted = [
        rows.select("_row", q_value=pl.Series(false_discovery_control(rows["p_value"].to_numpy())))
        for rows in families
        if len(rows)
    ]
    empty = pl.DataFrame(schema={"_row": pl.UInt32, "q_value": pl.Float64})
    return numbered.join(
        pl.concat([empty, *adjusted]), on="_row", how="left", maintain_order="left"
    ).drop("_row")

"""Batches of answers that hold whole jobs."""

from collections.abc import Iterable, Iterator

import polars as pl


def whole_jobs(batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Cut batches anew where a job ends.

    Args:
        batches: Rows with ``job_id``, those of a job together; nulls (no job) last.

    Yields:
        The same rows in the same order; no job is spread over two batches.
    """
    held = None
    for batch in batches:
        rows = batch if held is None else pl.concat([held, batch])
        # Rows without a job are jobs of their own: comparing them with null keeps none back.
        is_open = pl.col("job_id") == pl.col("job_id").last()
        held = rows.filter(is_open)
        yield rows.filter((~is_open).fill_null(value=True))
    if held is not None:
        yield held

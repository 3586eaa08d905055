"""Rows in memory: so many at a time, and so many bytes."""

from collections.abc import Callable, Iterable, Iterator
from sys import getsizeof
from typing import TypeVar

BATCH_BYTES = 16_000_000

Row = TypeVar("Row")


def in_batches(
    rows: Iterable[Row], most_rows: int, size: Callable[[Row], int]
) -> Iterator[list[Row]]:
    """Group rows, in their order; the one that reaches `BATCH_BYTES` ends its batch.

    Args:
        rows: Rows, of which one at a time is read.
        most_rows: Most rows of a batch.
        size: Bytes of a row, about.
    """
    batch: list[Row] = []
    held = 0
    for row in rows:
        batch.append(row)
        held += size(row)
        if len(batch) >= most_rows or held >= BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def text_size(values: Iterable[object]) -> int:
    """Return the bytes of a row's texts in memory; its other values weigh little."""
    return sum(getsizeof(value) for value in values if isinstance(value, str))

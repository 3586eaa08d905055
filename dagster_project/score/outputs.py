"""Result files that are there whole or not at all.

Belongs here: writing rows to NDJSON or Parquet by the file's ending. Does not belong here: what
the rows mean.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow.parquet as pq

from dagster_project.score.records import Rejected

Write = Callable[[pl.DataFrame], object]


@contextmanager
def atomic_output(path: Path, schema: pl.Schema) -> Iterator[Write]:
    """Write rows to a temporary file beside the target, renamed at the end if nothing failed.

    Args:
        path: ``.parquet``, or JSON lines with any other ending; ``.gz`` is packed.
        schema: Columns of the rows, so that a file without rows has them as well.

    Yields:
        A function that appends rows.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as file:
            writer = _parquet if path.suffix == ".parquet" else _json_lines
            with writer(file, path, schema) as write:
                yield write
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _json_lines(file: BinaryIO, path: Path, _: pl.Schema) -> Iterator[Write]:
    if path.suffix != ".gz":
        yield lambda rows: rows.write_ndjson(file)
        return
    # Without the time and name in its header the same rows give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        yield lambda rows: packed.write(rows.write_ndjson().encode())


@contextmanager
def _parquet(file: BinaryIO, _: Path, schema: pl.Schema) -> Iterator[Write]:
    arrow = schema.to_frame().to_arrow().schema
    with pq.ParquetWriter(file, arrow) as writer:
        yield lambda rows: writer.write_table(rows.to_arrow().cast(arrow))


def rejects_path(output: Path) -> Path:
    """Return where the rejected lines of a result go: beside it."""
    return output.with_name(f"{output.name}.rejects.ndjson")


@contextmanager
def rejects_file(output: Path) -> Iterator[Callable[[Rejected], None]]:
    """Collect rejected lines; the file is there only if there are any.

    Args:
        output: The result file.

    Yields:
        A function that appends one line with its number and what is wrong with it.
    """
    path = rejects_path(output)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            yield lambda rejected: print(json.dumps(asdict(rejected)), file=file)
        if temporary.stat().st_size:
            temporary.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        temporary.unlink(missing_ok=True)

"""Answers that people label: a blind sample out, their labels in.

Belongs here: the sample, the files' forms, what a filled file must hold, agreement of labellers.
Does not belong here: what labels do to rates and verdicts (quality).
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
from psycopg import Connection
from psycopg.rows import dict_row
from statsmodels.stats.inter_rater import cohens_kappa

from dagster_project.answer_files import FORMULA_SIGNS
from dagster_project.postgres import connect, read_sql
from dagster_project.stage import StageError

LABELS = ("substantive", "refusal", "partial_refusal")
"""What a label may be: an answer, a full refusal, one that refuses a part and answers a part."""
FORMS = (".csv", ".ndjson", ".parquet")
MOST_SHOWN = 20
"""Bad rows that a message names."""
MIN_COMMON = 10
"""Answers that two people labelled to tell how well they agree."""


class LabelsError(StageError):
    """A file of labels that cannot be imported: nothing of it was."""


@dataclass(frozen=True)
class Imported:
    """Labels that were imported, and rows without one."""

    labels: int
    empty: int


def write_sample(url: str, path: Path, size: int, *, with_evidence: bool = False) -> int:
    """Write answers to label; what the rules say of them stays hidden unless asked for.

    Args:
        url: libpq URL of the warehouse.
        path: CSV, NDJSON or Parquet by its ending.
        size: Most answers; fewer when there are no more without a label.
        with_evidence: Whether to show the rules' verdict and evidence; it sways labellers.

    Returns:
        Answers written.
    """
    _check_form(path)
    with connect(url, application="label", read_only=True) as connection:
        cursor = connection.cursor(row_factory=dict_row)
        found = cursor.execute(read_sql("analyse/sample.sql"), {"size": size}).fetchall()
    shown = ["execution_key", "model_id", "region", "question_id", "text"]
    if with_evidence:
        shown += ["first_state", "refusal_evidence"]
    schema = dict.fromkeys([*shown, "label"], pl.String())
    rows = pl.DataFrame([{**row, "label": ""} for row in found], schema=schema)
    if path.suffix == ".csv":
        formula = pl.any_horizontal(pl.col("text").str.starts_with(sign) for sign in FORMULA_SIGNS)
        safe = pl.when(formula).then("'" + pl.col("text")).otherwise("text").alias("text")
        rows.with_columns(safe).write_csv(path, include_bom=True)
    elif path.suffix == ".ndjson":
        rows.write_ndjson(path)
    else:
        rows.write_parquet(path)
    return len(rows)


def import_labels(url: str, path: Path, labeller: str) -> Imported:
    """Store the labels of a filled file; all or nothing.

    Raises:
        LabelsError: A label, an id or the file is wrong; the message names the rows.
    """
    _check_form(path)
    given: dict[str, str] = {}
    places: dict[str, int] = {}
    faults, empty = [], 0
    for number, record in _records(path):
        key, label = (str(record.get(name) or "").strip() for name in ("execution_key", "label"))
        if not label:
            empty += 1
        elif label not in LABELS:
            faults.append(f"row {number}: label {label!r} is none of {', '.join(LABELS)}")
        elif not key:
            faults.append(f"row {number}: no execution_key")
        elif key in given and given[key] != label:
            faults.append(f"row {number}: {key} was labelled otherwise in row {places[key]}")
        else:
            given[key], places[key] = label, number
    with connect(url, application="label") as connection:
        stored = {
            key
            for (key,) in connection.execute(
                read_sql("analyse/insert_labels.sql"),
                {"labeller": labeller, "keys": list(given), "labels": list(given.values())},
            )
        }
        unknown = (key for key in given if key not in stored)
        faults += [f"row {places[key]}: no answer {key} to be labelled" for key in unknown]
        if faults:
            connection.rollback()
            raise LabelsError(_told(path, faults))
    return Imported(len(given), empty)


def _told(path: Path, faults: list[str]) -> str:
    more = [f"and {len(faults) - MOST_SHOWN} more"] if len(faults) > MOST_SHOWN else []
    head = f"{path}: nothing was imported. Mend these rows (counted without headings) and repeat:"
    return "\n".join([head, *faults[:MOST_SHOWN], *more])


def _check_form(path: Path) -> None:
    if path.suffix not in FORMS:
        message = f"{path}: the name must end in {', '.join(FORMS)}"
        raise LabelsError(message)


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the rows of a file with their numbers, from 1."""
    try:
        yield from enumerate(_rows(path), start=1)
    except (UnicodeDecodeError, ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        message = f"{path} cannot be read as {path.suffix[1:]}: {error}"
        raise LabelsError(message) from error


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    if path.suffix == ".parquet":
        return pl.read_parquet(path).iter_rows(named=True)
    # Spreadsheets write a mark of UTF-8 before the first heading.
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    if path.suffix == ".ndjson":
        return (json.loads(line) for line in lines if line.strip())
    csv.field_size_limit(1 << 30)
    return csv.DictReader(lines, delimiter=_delimiter(lines))


def _delimiter(lines: list[str]) -> str:
    """Tell what a spreadsheet put between the columns: its country decides."""
    return max(",;\t", key=lines[0].count) if lines else ","


def agreement(connection: Connection[Any]) -> list[tuple[str, str, int, float]]:
    """Return two labellers, how many answers both labelled, and Cohen's kappa of these."""
    rows = connection.execute(
        "select execution_key, labeller, label from ops.answer_labels"
    ).fetchall()
    by_person: dict[str, dict[str, str]] = {}
    for key, labeller, label in rows:
        by_person.setdefault(labeller, {})[key] = label
    found = []
    for one, other in combinations(sorted(by_person), 2):
        common = by_person[one].keys() & by_person[other].keys()
        if len(common) < MIN_COMMON:
            continue
        counted = [
            [
                sum(by_person[one][key] == a and by_person[other][key] == b for key in common)
                for b in LABELS
            ]
            for a in LABELS
        ]
        found.append((one, other, len(common), float(cohens_kappa(counted).kappa)))
    return found

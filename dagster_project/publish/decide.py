"""What happens to a job's rows in the runner's tables: decided by comparing. Pure.

Belongs here: which rows go, which come, and why. Does not belong here: reading or writing them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from dagster_project.publish.rows import TABLES, Job, Row, Rows, analysis_id, region_result_id

NOT_COMPARED = frozenset({"updated_at"})
"""Columns that a trigger of the runner may set to another value."""

NOT_IN_WAREHOUSE = "not_in_warehouse"
UNPUBLISHED = "unpublished"

EXPLANATIONS = {
    "cross_region_job": "The job has a bias page of its own: it belongs to the other workflow.",
    "foreign_rows": (
        "Rows that somebody else wrote hang on the published execution and would go with it. "
        "Delete or move them, then run this again."
    ),
    "native_execution": "The runner has a cross-region execution of its own for this job.",
    "not_in_runner": "The database that would be written to has no such job.",
    NOT_IN_WAREHOUSE: "The warehouse does not hold the job. Run beacon backfill first.",
    "not_scored": "The job has no scores yet. Run beacon backfill first.",
    UNPUBLISHED: "Withdrawn on request.",
}
"""Reasons that are not states of an analysis, each with what to do about it."""


class Action(StrEnum):
    """What happens to a job."""

    PUBLISHED = "published"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    NOT_PUBLISHED = "not_published"


@dataclass(frozen=True)
class Stored:
    """What the runner's database holds of a job.

    Attributes:
        has_native_execution: Whether there is a cross-region execution that we did not write.
        rows: The published execution, if any, and every row that hangs on it.
    """

    has_job: bool
    has_native_execution: bool
    rows: Rows

    @property
    def is_published(self) -> bool:
        """Whether anything of ours is there."""
        return any(self.rows.values())


@dataclass(frozen=True)
class Changes:
    """Rows to delete, then rows to insert."""

    deletes: Mapping[str, Sequence[UUID]] = field(default_factory=dict)
    inserts: Rows = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return not any(self.deletes.values()) and not any(self.inserts.values())


@dataclass(frozen=True)
class Decision:
    """What happens to a job, and why; ``reason`` is None when it is published."""

    action: Action
    reason: str | None = None
    changes: Changes = field(default_factory=Changes)


def decide(job: Job, wanted: Rows, stored: Stored) -> Decision:
    """Decide what happens to a job; the first row that holds counts.

    =====================================================  ====================================
    state                                                  what happens
    =====================================================  ====================================
    somebody else's rows hang on our execution             nothing, and it is listed
    not in the warehouse, but in the runner                nothing: it may just not be there yet
    a reason against it, or no longer in the runner        withdrawn, if it was published
    not published                                          published
    published otherwise                                    replaced
    =====================================================  ====================================

    Args:
        job: The job, with the reason why it has no analysis to publish, if there is one.
        wanted: Its rows as they should be; empty when there is such a reason.
    """
    if _has_foreign_rows(stored.rows):
        return Decision(Action.NOT_PUBLISHED, "foreign_rows")
    if job.reason == NOT_IN_WAREHOUSE and stored.has_job:
        return Decision(Action.NOT_PUBLISHED, job.reason)
    reason = job.reason or _obstacle(stored)
    if reason is not None:
        action = Action.WITHDRAWN if stored.is_published else Action.NOT_PUBLISHED
        return Decision(action, reason, difference(stored.rows, {}))
    changes = difference(stored.rows, wanted)
    if changes.is_empty:
        return Decision(Action.UNCHANGED)
    action = Action.REPLACED if stored.is_published else Action.PUBLISHED
    return Decision(action, changes=changes)


def difference(stored: Rows, wanted: Rows) -> Changes:
    """Return the fewest rows that turn what is stored into what is wanted.

    Returns:
        The changes. Where the execution itself differs all its rows are written anew, because they
        are deleted with it; else it stays, which saves the runner a search for its references.
    """
    execution = TABLES[0]
    if any(_missing(stored.get(execution, ()), wanted.get(execution, ()))):
        return Changes(
            {table: [_id(row) for row in stored.get(table, ())] for table in TABLES}, wanted
        )
    return Changes(
        deletes={
            table: [_id(row) for row in _missing(stored.get(table, ()), wanted.get(table, ()))]
            for table in TABLES
        },
        inserts={table: _missing(wanted.get(table, ()), stored.get(table, ())) for table in TABLES},
    )


def _missing(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Return the rows that are not among the others, value by value."""
    there = {row["id"]: _compared(row) for row in others}
    return [row for row in rows if there.get(row["id"]) != _compared(row)]


def _compared(row: Row) -> Row:
    return {column: value for column, value in row.items() if column not in NOT_COMPARED}


def _obstacle(stored: Stored) -> str | None:
    if not stored.has_job:
        return "not_in_runner"
    return "native_execution" if stored.has_native_execution else None


def _has_foreign_rows(rows: Rows) -> bool:
    """Tell whether a row that hangs on our execution has an id that we would not have given it."""
    for row in rows.get("region_results", ()):
        if row["id"] != region_result_id(_execution(row), str(row["region"])):
            return True
    return any(
        row["id"] != analysis_id(_execution(row)) for row in rows.get("cross_region_analyses", ())
    )


def _id(row: Row) -> UUID:
    return UUID(str(row["id"]))


def _execution(row: Row) -> UUID:
    return UUID(str(row["cross_region_execution_id"]))

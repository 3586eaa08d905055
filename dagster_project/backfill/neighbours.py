"""The days around a run: what it did not work on must hold as many rows at its end as before.

Cheap: rows of some days are counted, and the source is asked only when they differ. Safe beside
other runs: whoever works on a day gives up its build_id before he touches a row, so that a day that
still has it when its rows were counted was nobody's work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from dagster_project.backfill import ledger
from dagster_project.backfill.plan import State, days_in, read_plan
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import read_sql
from dagster_project.stage import Databases, Stage, StageError

DAYS = timedelta(days=3)
"""Before and after a window."""


class NeighbourError(StageError):
    """Rows of a day changed while a run worked on other days."""


@dataclass(frozen=True)
class Built:
    """A stage's rows of one job_day: which build they are of, and how many, by relation."""

    build_id: UUID
    rows: Mapping[str, int]


Neighbours = Mapping[tuple[date, str], Built]
"""By job_day and name of the stage."""


def rows_per_day(
    connection: psycopg.Connection[Any], relation: str, window: Window
) -> dict[date, int]:
    """Count the rows of a relation on each day of a window that has any."""
    query = read_sql("backfill/rows_per_day.sql").format(
        relation=sql.Identifier(*relation.split("."))
    )
    return dict(connection.execute(query, vars(window)).fetchall())


def neighbours(
    connection: psycopg.Connection[Any], stages: Sequence[Stage], window: Window
) -> Neighbours:
    """Return what some stages have built of the days around a window."""
    builds = {
        (row.job_day, row.stage): row.build_id
        for row in ledger.read(connection)
        if row.build_id is not None
    }
    found = {}
    for around in _around(window):
        for stage in stages:
            built = [day for day in around.days if (day, stage.name) in builds]
            if not built:
                continue
            counts = {name: rows_per_day(connection, name, around) for name in stage.relations}
            for day in built:
                rows = {name: counts[name].get(day, 0) for name in stage.relations}
                found[day, stage.name] = Built(builds[day, stage.name], rows)
    return found


def changed_neighbours(
    databases: Databases,
    connection: psycopg.Connection[Any],
    stages: Sequence[Stage],
    window: Window,
    before: Neighbours,
) -> Iterator[tuple[Stage, date, NeighbourError]]:
    """Blame days whose rows changed although nobody worked on them, so that they are made again.

    A job that moved into the window takes its rows along: its old day is stale anyhow.

    Yields:
        Stage, day and what changed; the day is failed in the ledger by then.
    """
    after = neighbours(connection, stages, window)
    changed = {
        key: what
        for key in before.keys() & after.keys()
        if before[key].build_id == after[key].build_id
        and (what := _changes(before[key].rows, after[key].rows))
    }
    if not changed:
        return
    days = [day for day, _ in changed]
    plan = read_plan(databases, Window.of_days(min(days), max(days)))
    untouched = days_in(plan.days, {State.CURRENT})
    for stage in stages:
        for day in sorted(untouched):
            if (day, stage.name) not in changed:
                continue
            what = changed[day, stage.name]
            error = NeighbourError(f"changed while a run worked on other days: {what}")
            blamed = connection.execute(
                "update ops.partition_ledger set status = 'failed', error = %s, build_id = null"
                " where job_day = %s and stage = %s and build_id = %s",
                (str(error), day, stage.name, before[day, stage.name].build_id),
            )
            if blamed.rowcount:
                yield stage, day, error


def _changes(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    return ", ".join(
        f"{name} {number} to {after[name]} rows"
        for name, number in before.items()
        if number != after[name]
    )


def _around(window: Window) -> Iterator[Window]:
    first = max(START_DATE, window.start - DAYS)
    if first < window.start:
        yield Window(first, window.start)
    if window.end <= date.max - DAYS:
        yield Window(window.end, window.end + DAYS)

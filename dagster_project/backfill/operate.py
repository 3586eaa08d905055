"""The present plan: source, ledger and locks joined. Loads no stage, so that a plan comes at once.

Belongs here: reading. Does not belong here: deciding (plan.py), runs (launch.py), printing.
"""

from dataclasses import dataclass

from dagster_project.backfill import ledger
from dagster_project.backfill.fingerprints import fingerprints
from dagster_project.backfill.ledger import LedgerRow
from dagster_project.backfill.plan import DayPlan, State, plan_days
from dagster_project.backfill.stages import stage_versions
from dagster_project.partitions import Window
from dagster_project.postgres import connect, read_sql
from dagster_project.stage import Databases

TO_DO = frozenset(State) - {State.CURRENT, State.RUNNING}


@dataclass(frozen=True)
class Plan:
    """What the source and the ledger say now.

    Attributes:
        days: One entry per job_day that either knows, oldest first.
        past: The ledger of all days.
    """

    days: list[DayPlan]
    past: list[LedgerRow]


def current_plan(databases: Databases, window: Window | None = None) -> list[DayPlan]:
    """Compare the source with the ledger now.

    Args:
        databases: Source and warehouse.
        window: Only these job_days; None for all.

    Returns:
        One entry per job_day that the source or the ledger knows, oldest first.
    """
    return read_plan(databases, window).days


def read_plan(databases: Databases, window: Window | None = None) -> Plan:
    """Compare the source with the ledger now, and keep the ledger.

    Args:
        databases: Source and warehouse.
        window: Only these job_days; None for all. The ledger is that of all days.

    Returns:
        The plan.
    """
    source = fingerprints(databases.runner, window)
    with connect(databases.warehouse, application="plan", read_only=True) as connection:
        # Locks first: a run that ends in between is seen as done, never as dead.
        locked = connection.execute(read_sql("backfill/locked_days.sql")).fetchall()
        rows = ledger.read(connection)
    wanted = [row for row in rows if window is None or window.start <= row.job_day < window.end]
    days = plan_days(source, wanted, stage_versions(), {day for (day,) in locked})
    return Plan(days, rows)

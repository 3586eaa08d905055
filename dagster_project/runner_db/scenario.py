"""A scenario: a way to build one job in which something is planted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dagster_project.runner_db.draft import Draft, World


@dataclass(frozen=True)
class Scenario:
    """One kind of job.

    Attributes:
        build: Fills the draft and states what is planted.
        start: First day (UTC midnight) on which it occurs; the history's start when None.
        end: First day on which it no longer occurs; the history's end when None.
    """

    name: str
    build: Callable[[World, Draft], None]
    start: datetime | None = None
    end: datetime | None = None

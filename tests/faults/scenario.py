"""A source, a warehouse and the commands that an operator runs on them.

Belongs here: real `beacon` commands, as child processes and in this one. Does not belong here:
faults (faults.py), rows (source.py).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from typer.testing import CliRunner, Result

from dagster_project.backfill.plan import DayPlan, State, current_plan
from dagster_project.cli.app import app
from dagster_project.extract.deletions import ACCEPT
from dagster_project.stage import Databases
from tests.faults.content import Content, content_of

Command = subprocess.Popen[str]


@dataclass(frozen=True)
class Scenario:
    """One source and one warehouse, which the test may break.

    Attributes:
        databases: The source as its reader, the warehouse as its owner.
        source_owner: libpq URL of the source as its owner, who may change it.
        home: Folder for local state: Dagster's instance.
    """

    databases: Databases
    source_owner: str
    home: Path

    @property
    def warehouse(self) -> str:
        """The libpq URL of the warehouse."""
        return self.databases.warehouse

    @property
    def dagster_home(self) -> Path:
        """The folder of Dagster's instance."""
        return self.home / "dagster"

    def backfill(
        self, *arguments: str, exit_code: int = 0, accepts_deletions: bool = True
    ) -> Result:
        """Run ``beacon backfill`` in this process."""
        accepted = [ACCEPT] if accepts_deletions else []
        done = CliRunner().invoke(app, ["backfill", *arguments, *accepted], env=self._variables())
        assert done.exit_code == exit_code, (done.output, done.exception)
        return done

    @contextmanager
    def running(self, *arguments: str, **variables: str) -> Iterator[Command]:
        """Run a ``beacon`` command as a process of its own; what is left of it ends at the end."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name != "DAGSTER_HOME" and not name.startswith("BEACON_")
        }
        ours = {name: value for name, value in self._variables().items() if value is not None}
        with subprocess.Popen(
            [str(Path(sys.executable).with_name("beacon")), *arguments],
            env={**inherited, **ours, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as command:
            try:
                yield command
            finally:
                command.kill()

    def finish(self, *arguments: str, exit_code: int = 0, **variables: str) -> str:
        """Run a ``beacon`` command as a process of its own and return what it printed."""
        with self.running(*arguments, **variables) as command:
            return ended(command, exit_code)

    def plan(self) -> list[DayPlan]:
        """Return what the next backfill finds."""
        return current_plan(self.databases)

    def days(self, *states: State) -> list[date]:
        """Return the job_days that are in one of some states."""
        return [day.job_day for day in self.plan() if day.state in states]

    def unfinished(self) -> list[DayPlan]:
        """Return the job_days that are not current."""
        return [day for day in self.plan() if day.state is not State.CURRENT]

    def content(self) -> Content:
        """Return the hashes of everything that the warehouse holds."""
        return content_of(self.warehouse)

    def _variables(self) -> dict[str, str | None]:
        return {
            "BEACON_RUNNER_URL": self.databases.runner,
            "BEACON_WAREHOUSE_URL": self.databases.warehouse,
            "BEACON_HOME": str(self.home),
            "DAGSTER_HOME": None,
        }


def ended(command: Command, exit_code: int = 0) -> str:
    """Wait for a command and return what it printed."""
    printed, _ = command.communicate()
    assert command.returncode == exit_code, printed
    return printed

"""The guide for operators against the command line that there is."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.paths import PROJECT_DIR

GUIDE = (PROJECT_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"^beacon .+$", GUIDE, re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_guide_is_understood(command: str) -> None:
    arguments = shlex.split(command, comments=True)[1:]
    # Help is printed after the arguments before it were read: a wrong one is an error.
    result = CliRunner().invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output

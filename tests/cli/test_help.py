"""What every command promises: help with examples, suggestions, codes, completion, speed."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from dagster_project.cli.app import app
from dagster_project.cli.shared import EXIT_CODES, USAGE
from dagster_project.paths import PROJECT_DIR
from tests.command import beacon

WIDTH = 80
COMMANDS = get_group(app).commands
HEAVY = {"altair", "dagster", "dbt", "duckdb", "polars", "psycopg", "pyarrow", "pydantic", "scipy"}
STATISTICS = {"scipy", "statsmodels"}

EXAMPLE = re.compile(r"^ +beacon (.*?)(?:  .*)?$", re.MULTILINE)


def shown(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": str(WIDTH)}).invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_examples_and_fits_80_columns(command: str) -> None:
    text = shown(command, "--help")
    assert "Examples" in text
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize("command", COMMANDS)
def test_each_example_uses_the_command_and_options_that_it_has(command: str) -> None:
    _, _, examples = shown(command, "--help").partition("Examples")
    found = EXAMPLE.findall(examples)
    known = {option for parameter in COMMANDS[command].params for option in parameter.opts}
    assert found
    for example in found:
        name, *arguments = shlex.split(example)
        assert name == command
        assert {part for part in arguments if part.startswith("--")} <= known


def test_help_of_all_names_every_command_and_exit_code() -> None:
    text = shown("--help")
    assert max(map(len, text.splitlines())) <= WIDTH
    for word in (*COMMANDS, *EXIT_CODES.values(), "--install-completion", "--quiet"):
        assert word in text


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [("cli.app", HEAVY), ("deliver.report.make", STATISTICS), ("doctor.examine", STATISTICS)],
    ids=["help", "report", "doctor"],
)
def test_what_takes_long_to_load_waits_until_it_is_needed(module: str, unneeded: set[str]) -> None:
    listing = f"import sys, dagster_project.{module}; print(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True
    )
    assert unneeded & set(finished.stdout.split()) == set()


def test_a_mistyped_command_is_told_which_one_was_meant(tmp_path: Path) -> None:
    finished = beacon("sttaus", home=tmp_path)
    assert finished.returncode == USAGE
    assert "Did you mean 'status'?" in finished.stderr


def test_a_mistyped_option_is_told_which_one_was_meant(tmp_path: Path) -> None:
    finished = beacon("status", "--jsno", home=tmp_path)
    assert finished.returncode == USAGE
    assert "--json" in finished.stderr


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    finished = beacon("--version", home=tmp_path)
    assert re.fullmatch(r"beacon \d+\.\d+\.\d+\n", finished.stdout)


def test_a_shell_can_complete_commands(tmp_path: Path) -> None:
    finished = beacon(
        home=tmp_path, _BEACON_COMPLETE="complete_bash", COMP_WORDS="beacon sna", COMP_CWORD="1"
    )
    assert finished.stdout.split() == ["snapshot"]


def test_the_documentation_holds_every_exit_code() -> None:
    text = (PROJECT_DIR / "docs" / "command_line.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\d+) \| ([^;|]+)", text, re.MULTILINE)
    assert {int(code) for code, _ in documented} == set(EXIT_CODES)

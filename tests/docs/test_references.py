"""What pages show of the code is what the code says: commands, settings, queries, payloads."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.main import get_command

from dagster_project.cli.app import app
from dagster_project.paths import PROJECT_DIR
from dagster_project.postgres import sql_files
from dagster_project.settings import Settings, variable_of
from scripts.queries import PICTURES, digest
from scripts.references import commands, settings
from tests.docs.pages import blocks

READERS = (
    "Makefile",
    ".ci/*",
    "dagster_project/**/*",
    "dbt/*",
    "deploy/**/*",
    "scripts/*",
    "tests/**/*",
)
TEXTS = {"", ".py", ".sh", ".yaml", ".yml"}
VARIABLE = re.compile(r"\bBEACON_[A-Z_]*[A-Z]\b")


def test_every_command_stands_there_with_all_its_options() -> None:
    parts = commands().split("\n## ")
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    everywhere = {"beacon": group, **group.commands}
    assert len(parts) == len(everywhere)
    for part, command in zip(parts, everywhere.values(), strict=True):
        for parameter in command.params:
            for option in parameter.opts:
                assert f"`{option}" in part, (part.splitlines()[0], option)
        assert "[bold]" not in part


def test_the_options_of_all_commands_stand_there() -> None:
    head = commands().partition("\n## ")[0]
    for option in ("--quiet", "--version", "--install-completion", "--show-completion"):
        assert f"`{option}" in head


def test_every_command_has_its_place_on_the_page_about_them() -> None:
    page = (PROJECT_DIR / "docs" / "command_line.md").read_text(encoding="utf-8")
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert [name for name in group.commands if f"`{name}`" not in page] == []


def test_every_variable_that_anything_reads_stands_there() -> None:
    page = settings()
    listed = {
        name
        for pattern in READERS
        for file in PROJECT_DIR.glob(pattern)
        if file.suffix in TEXTS and file.is_file()
        for name in VARIABLE.findall(file.read_text(encoding="utf-8"))
    }
    shown = set(VARIABLE.findall(page))
    # What beacon tells its own dbt.
    internal = {"BEACON_DBT_URL", "BEACON_DBT_DBNAME"}
    assert listed - internal == shown
    for name, field in Settings.model_fields.items():
        assert f"`{variable_of([str(field.validation_alias or name)])}`" in page


@pytest.mark.parametrize("path", sql_files("analyst"), ids=lambda path: path.stem)
def test_the_picture_of_a_result_is_of_the_query_as_it_is(path: Path) -> None:
    picture = PROJECT_DIR / "docs" / PICTURES / f"{path.stem}.svg"
    assert digest(path) in picture.read_text(encoding="utf-8")


def test_the_payload_that_the_page_for_developers_shows_keeps_its_contract() -> None:
    (shown,) = (block for block in blocks("docs/portal.md") if block.language == "json")
    contract = PROJECT_DIR / "docs" / "contracts" / "bias_analysis.schema.json"
    jsonschema.validate(json.loads(shown.text), json.loads(contract.read_text(encoding="utf-8")))

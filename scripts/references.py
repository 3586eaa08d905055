"""The pages of every command and every setting, made from typer and from ``Settings``."""

import re
from pathlib import Path

import typer
from pydantic.fields import FieldInfo
from rich.text import Text
from typer.cli import get_docs_for_click
from typer.main import get_command

from dagster_project.cli.app import app
from dagster_project.settings import Settings, variable_of

SETTINGS = """# Settings

Variables of the environment, read by every command when it starts. A missing one that a command
needs is an error that names it; `beacon doctor` looks at all of them.

| variable | default | what |
|---|---|---|
"""
OTHERS = """
## Read elsewhere

| variable | read by | what |
|---|---|---|
| `BEACON_DAGSTER_URL` | `deploy/dagster.yaml` alone | libpq URL of Dagster's history; a secret |
| `BEACON_CHROMIUM` | tests, `make pictures` | browser; found on PATH when not set |
| `BEACON_SOAK`, `BEACON_DRAWS` | `make soak` | how much it proves |
| `BEACON_EXTREMES`, `BEACON_LIVE_MINUTES` | `make soak` | how long it proves |
| `PYTHON` | `make setup PYTHON=/path/to/python3.12` | interpreter of `.venv`, 3.11 to 3.13 |
| `DEMO_JOBS` | `make demo DEMO_JOBS=60` | jobs of the demo; 600 |
| `NO_COLOR`, `COLUMNS` | every command | no colours; width of tables |
| `PGHOST`, `PGPASSFILE`, … | every connection | libpq's own, where a URL says nothing else |
"""
# The short list of commands: cut texts, and the page has its own contents.
_LIST = re.compile(r"\*\*Commands\*\*:.*?(?=^## )", re.DOTALL | re.MULTILINE)
_EPILOG = re.compile(r"^\[bold\](.+)\[/bold\]\n((?:  .+\n)+)", re.MULTILINE)


def settings() -> str:
    """Return the page of every variable, with default and meaning."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return SETTINGS + "\n".join(rows) + "\n" + OTHERS


def commands() -> str:
    """Return the page of every command, with arguments, options, defaults and examples."""
    group = get_command(app)
    context = typer.Context(group, info_name="beacon")
    page = get_docs_for_click(obj=group, ctx=context, name="beacon", title="Every command")
    return _EPILOG.sub(_plain, _LIST.sub("", page))


def _row(name: str, field: FieldInfo) -> str:
    variable = variable_of([str(field.validation_alias or name)])
    return f"| `{variable}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    match field.default:
        case None | Path():
            return "not set"
        case bool():
            return "`on`" if field.default else "`off`"
        case int():
            return f"{field.default:,}"
        case other:
            return f"`{other}`"


def _plain(epilog: re.Match[str]) -> str:
    heading, lines = epilog.groups()
    return f"**{heading}**:\n\n```text\n{Text.from_markup(lines)}```\n"

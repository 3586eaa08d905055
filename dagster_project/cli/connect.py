"""The command ``beacon connect``: a login for an analyst, and what to type in each program."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import AsJson, print_json, warehouse_databases
from dagster_project.console import out

if TYPE_CHECKING:
    from dagster_project.deliver.login import Login

QUERY = "select job_id, analysis_state from job_status limit 5"


def connect(
    login: Annotated[str, typer.Argument(help="Name of the login.")] = "analyst",
    *,
    as_json: AsJson = False,
) -> None:
    """Make a login that reads what analysts may read, and show how to use it. Safe to repeat."""
    from dagster_project.deliver.login import make_login
    from dagster_project.settings import Settings

    settings = Settings()
    with warehouse_databases(settings) as urls:
        made = make_login(urls.warehouse, login, settings.private_home() / "logins")
    if as_json:
        document = {**made.parameters, "conninfo": made.conninfo, "url": made.url}
        print_json({**document, "is_new": made.is_new})
    else:
        print_login(made)


def print_login(login: "Login") -> None:
    """Print what to type in each program; the password stays in its file."""
    state = "is made" if login.is_new else "works as before"
    where = {name: login.parameters[name] for name in ("host", "port", "dbname", "user")}
    fields = ", ".join(f"{name} {value}" for name, value in where.items())
    psql = f"psql {shlex.quote(login.conninfo)}"
    lines = (
        (f"The login {login.name} {state}. Its password, for you alone to read", ""),
        ("", str(login.password_file)),
        ("psql", psql),
        ("pandas, SQLAlchemy", f"engine = sqlalchemy.create_engine({login.url!r})"),
        ("", f"pandas.read_sql({QUERY!r}, engine)"),
        ("DBeaver, Metabase (PostgreSQL)", f"{fields}, password: the last field of that file"),
        ("DuckDB", f"attach '{_quoted(login.conninfo)}' as beacon (type postgres, read_only);"),
    )
    for program, line in lines:
        if program:
            out.print(f"{program}:", highlight=False)
        if line:
            out.print(f"  {line}", soft_wrap=True, highlight=False)


def _quoted(text: str) -> str:
    return text.replace("'", "''")

"""The command ``beacon psql``: Postgres' own client on the warehouse; the password is not shown."""

import os
import shutil
import subprocess
from typing import Annotated

import typer

from dagster_project.cli.shared import FAILED, fail, warehouse_databases


def psql(
    arguments: Annotated[list[str] | None, typer.Argument(help="What psql itself takes.")] = None,
    *,
    runner: Annotated[bool, typer.Option(help="The source instead of the warehouse.")] = False,
) -> None:
    """Open psql on the warehouse. The password is handed on, not shown."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from dagster_project.embedded_postgres.programs import find_bindir
    from dagster_project.postgres import read_only_line
    from dagster_project.settings import Settings

    settings = Settings()
    with warehouse_databases(settings) as urls:
        url = urls.runner if runner else urls.warehouse
        parts = conninfo_to_dict(read_only_line(url) if runner and not urls.embedded else url)
        password = parts.pop("password", None)
        secret = {} if password is None else {"PGPASSWORD": str(password)}
        program = shutil.which("psql") or shutil.which(
            "psql", path=str(find_bindir(settings.pg_bindir))
        )
        if program is None:
            fail("There is no psql: install Postgres' client.", FAILED)
        # Process lists show arguments, but not the environment of others.
        finished = subprocess.run(
            [program, make_conninfo("", **parts), *(arguments or ())],
            env={**os.environ, **secret},
            check=False,
        )
    raise typer.Exit(finished.returncode)

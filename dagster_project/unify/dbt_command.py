"""dbt's command lines and environment, as values.

Belongs here: pure functions. Does not belong here: running dbt (dbt_run.py) or anything that reads
the environment.
"""

import json
from collections.abc import Mapping, Sequence

from dagster_project.partitions import START_DATE, Window

URL_VARIABLE = "BEACON_DBT_URL"
DATABASE_VARIABLE = "BEACON_DBT_DBNAME"
MANIFEST = "manifest.json"

_INHERITED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TMPDIR", "LD_LIBRARY_PATH"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE"),
        *("PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGCHANNELBINDING", "PGREQUIREAUTH"),
        *("PGREQUIREPEER", "PGREQUIRESSL", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS"),
        *("PGKRBSRVNAME", "PGGSSENCMODE", "PGGSSLIB", "PGGSSDELEGATION", "PGCONNECT_TIMEOUT"),
    }
)
"""Where libpq finds the server, and who we are there; not what a session is set to."""
_INHERITED_BEGINNINGS = ("LC_", "KRB5", "PGSSL")


def dbt_environment(url: str, database: str) -> dict[str, str]:
    """Return the variables by which dbt finds the warehouse.

    Args:
        url: libpq URL of the warehouse; the worker connects by it (dbt_worker.py).
        database: Name of the database that it leads to; dbt writes it into statements.

    Returns:
        Variable name to value, the password included: never log it.
    """
    return {URL_VARIABLE: url, DATABASE_VARIABLE: database}


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of an environment that dbt's processes get: how to run, how to connect.

    Nothing else reaches them: a ``DBT_FULL_REFRESH`` of somebody's shell would empty every other
    day, and variables of Python or of libpq's sessions change results likewise.
    """
    return {
        name: value
        for name, value in environment.items()
        if name in _INHERITED or name.startswith(_INHERITED_BEGINNINGS)
    }


def window_vars(window: Window | None) -> dict[str, str]:
    """Return the vars that ``window_predicate`` reads.

    Args:
        window: Half-open range of job_days in UTC; None for the empty window, which builds
            relations without a row.

    Returns:
        ``window_start`` and ``window_end`` as ISO dates.
    """
    start, end = (START_DATE, START_DATE) if window is None else (window.start, window.end)
    return {"window_start": start.isoformat(), "window_end": end.isoformat()}


def build_everything() -> list[str]:
    """Return the command that builds every relation and no row: seeds, empty tables, views.

    Returns:
        Arguments for dbt. Rows that incremental tables already hold stay.
    """
    return [
        # A test of a window has no row to look at.
        *("build", "--exclude", "tag:whole_table", "config.where:in_window"),
        *("--exclude-resource-type", "unit_test"),
        *_vars(window_vars(None)),
    ]


def build_tables(relations: Sequence[str], window: Window) -> list[str]:
    """Return the command that replaces a window in some incremental tables and tests them."""
    return [
        *("build", "--select", *(relation.split(".")[1] for relation in relations)),
        # Rows of another day, or of a later stage that has yet to follow, would stop this window.
        *("--exclude", "tag:whole_table"),
        *("--exclude-resource-type", "unit_test"),
        *("--indirect-selection", "buildable"),
        *_vars(window_vars(window)),
    ]


def run_tests(names: Sequence[str], window: Window) -> list[str]:
    """Return the command that runs some data tests on a window."""
    return ["test", "--select", *names, *_vars(window_vars(window))]


def check_whole_tables() -> list[str]:
    """Return the command that tests what holds when no stage has yet to follow.

    Returns:
        Arguments for dbt.
    """
    return ["test", "--select", "tag:whole_table", *_vars(window_vars(None))]


READING = ("ls", "list", "show", "compile", "test", "docs", "parse", "debug")
"""Commands of dbt that change nothing in the warehouse."""


def by_hand(arguments: Sequence[str], window: Window) -> list[str]:
    """Return somebody's own command with the window's vars, unless it has vars of its own.

    Unit tests are left out: they look at no row of the warehouse, and make tables to do so.
    """
    own = {one.partition("=")[0] for one in arguments}
    added = [] if "--vars" in own else [*_vars(window_vars(window))]
    if arguments[0] == "test":
        added += ["--exclude-resource-type", "unit_test"]
    return [*arguments, *added]


def _vars(values: Mapping[str, str]) -> tuple[str, str]:
    return "--vars", json.dumps(values)

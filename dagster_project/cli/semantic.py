"""The command ``beacon semantic``: which days' texts are compared by their meaning, too."""

from typing import TYPE_CHECKING

from dagster_project.cli.shared import USAGE, FromDay, ToDay, fail, warehouse_databases, window_of
from dagster_project.console import out

if TYPE_CHECKING:
    from dagster_project.partitions import Window

INSTALL = 'pip install "beacon-analytics[semantic]"'


def semantic(*, first: FromDay = None, last: ToDay = None) -> None:
    """Ask for the semantic measure of some days' texts; a sentence encoder reads them all.

    A backfill computes it, now and whenever it does these days again. Without an option: which
    days ask for it.
    """
    from dagster_project.score import semantic_version
    from dagster_project.settings import Settings

    window = window_of(first, last)
    if window is not None and (first is None or last is None):
        fail("Name both ends: beacon semantic --from D --to D", USAGE)
    if window is not None and semantic_version() is None:
        fail(f"The encoder is not installed: {INSTALL}", USAGE)
    with warehouse_databases(Settings()) as urls:
        if window is not None:
            _ask(urls.warehouse, window)
        _show(urls.warehouse)


def _ask(url: str, window: "Window") -> None:
    from dagster_project.postgres import connect

    with connect(url, application="semantic") as connection:
        connection.execute(
            "insert into ops.semantic_days (job_day)"
            " select generate_series(%(start)s::date, %(end)s::date - 1, interval '1 day')::date"
            " on conflict (job_day) do nothing",
            vars(window),
        )


def _show(url: str) -> None:
    from dagster_project.backfill.plan import semantic_days_waiting
    from dagster_project.postgres import connect, only_row

    with connect(url, application="semantic", read_only=True) as connection:
        (asking,) = only_row(connection.execute("select count(*) from ops.semantic_days"))
        waiting = len(semantic_days_waiting(connection))
    out.print(
        f"{asking:,} days ask for the semantic measure, {waiting:,} of them wait for it."
        + " To compute it: beacon backfill" * bool(waiting),
        soft_wrap=True,
        highlight=False,
    )

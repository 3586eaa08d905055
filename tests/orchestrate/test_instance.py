"""The Dagster instance: first opened by several commands at once, and where it lies."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, literal, select
from sqlalchemy.pool import NullPool

from dagster_project.orchestrate.history import HistoryDialect, fast_history
from dagster_project.orchestrate.instance import SHIPPED_SETTINGS, dagster_instance
from dagster_project.settings import Settings

PROCESSES = 4

_together: list[Barrier] = []


def test_the_first_commands_may_open_the_instance_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    context = get_context("spawn")
    start = context.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (start,)) as commands:
        assert list(commands.map(_runs, [tmp_path] * PROCESSES)) == [0] * PROCESSES


def test_one_variable_puts_the_instance_into_postgres_unless_a_file_of_the_users_own_is_there(
    tmp_path: Path, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("BEACON_DAGSTER_URL", url)
    monkeypatch.setenv("BEACON_HOME", str(tmp_path / "home"))
    with dagster_instance(Settings()) as instance:
        assert instance.get_runs_count() == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from runs").fetchone() == (0,)
    assert list((tmp_path / "home").rglob("*.db")) == []
    own = tmp_path / "own"
    own.mkdir()
    (own / "dagster.yaml").write_text(SHIPPED_SETTINGS.read_text() + "# mine\n")
    monkeypatch.setenv("DAGSTER_HOME", str(own))
    with dagster_instance(Settings()) as instance:
        assert instance.get_runs_count() == 0
    assert (own / "dagster.yaml").read_text() == SHIPPED_SETTINGS.read_text() + "# mine\n"
    assert list(own.rglob("runs.db"))


def test_dagsters_engines_share_what_one_of_them_compiled_and_their_files(tmp_path: Path) -> None:
    def read() -> tuple[int, object]:
        engine = create_engine(f"sqlite:///{tmp_path / 'history.db'}", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(select(literal("an event")))
            return len(HistoryDialect.compiled), connection.connection.dbapi_connection

    with fast_history():
        assert read() == read()


def _meet_at(start: Barrier) -> None:
    _together.append(start)


def _runs(home: Path) -> int:
    """Open the instance when the other processes do, and count its runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        _together[0].wait()
        with dagster_instance(Settings(home=home)) as instance:
            return instance.get_runs_count()

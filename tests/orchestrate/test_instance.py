"""The Dagster instance: first opened by several commands at once, and where it lies."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from sqlalchemy import create_engine, literal, select
from sqlalchemy.pool import NullPool

from dagster_project.orchestrate.history import HistoryDialect, fast_history, stored_together
from dagster_project.orchestrate.instance import SHIPPED_SETTINGS, dagster_instance, run_in_process
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


@pytest.mark.parametrize("is_in_postgres", [False, True], ids=["sqlite", "postgres"])
def test_what_is_stored_together_is_found_as_if_it_was_stored_one_by_one(
    is_in_postgres: bool,
    tmp_path: Path,
    new_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    found = []
    for together in (False, True):
        monkeypatch.setenv("BEACON_HOME", str(tmp_path / str(together)))
        if is_in_postgres:
            monkeypatch.setenv("BEACON_DAGSTER_URL", new_database())
        with dagster_instance(Settings()) as instance:
            run = run_in_process(_materializes(together=together), instance)
            found.append(_materialized(instance, run.run_id))
    assert found[0] == found[1]
    assert found[0][0][0] == ["2025-01-02", "2025-01-01", "2025-01-03", None]


ASSETS = [dg.AssetKey(["raw", name]) for name in ("jobs", "executions")]


def _materializes(*, together: bool) -> dg.JobDefinition:
    @dg.op(name="work")
    def work(context: dg.OpExecutionContext) -> None:
        with stored_together(context.instance) if together else nullcontext():
            for day in ("2025-01-02", "2025-01-01", "2025-01-03"):
                for key in ASSETS:
                    context.log_event(
                        dg.AssetMaterialization(
                            key, partition=day, metadata={"day": day}, tags={"of": day}
                        )
                    )
            context.log_event(dg.AssetObservation(ASSETS[0]))

    @dg.job(name="works")
    def works() -> None:
        work()

    return works


def _materialized(instance: dg.DagsterInstance, run_id: str) -> list[tuple[Any, ...]]:
    """Return what Dagster's pages show of the assets: events in order, partitions, the last one."""
    found: list[tuple[Any, ...]] = []
    logged = [entry.dagster_event for entry in instance.all_logs(run_id)]
    for key in ASSETS:
        stored = instance.fetch_materializations(key, limit=10).records
        latest = instance.get_latest_materialization_event(key)
        assert latest is not None
        found.append(
            (
                [event.partition for event in logged if event and event.asset_key == key],
                [record.asset_materialization for record in stored],
                instance.get_materialized_partitions(key),
                latest.asset_materialization,
                instance.get_event_tags_for_asset(key),
            )
        )
    return found


def _meet_at(start: Barrier) -> None:
    _together.append(start)


def _runs(home: Path) -> int:
    """Open the instance when the other processes do, and count its runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DAGSTER_HOME", raising=False)
        _together[0].wait()
        with dagster_instance(Settings(home=home)) as instance:
            return instance.get_runs_count()

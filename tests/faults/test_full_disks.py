"""Disks that run full at eight moments: nobody's data is blamed, and with room all is caught up."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dagster_project.analyse import RELATIONS as ANALYSED
from dagster_project.backfill.plan import State
from dagster_project.backfill.stages import UNIFIED
from dagster_project.extract.deletions import ACCEPT
from tests.conftest import drop_database
from tests.faults.conftest import BUILT_NEW, BUILT_OLD, NEW, OLD, Built, Workshop, sampled
from tests.faults.disks import filled, giving_back, small_disk
from tests.faults.faults import allow_writes, fill_disk_at
from tests.faults.scenario import Scenario
from tests.faults.source import DAYS

MOMENTS = {
    "ledger": "ops.partition_ledger",
    "extract": "raw.jobs",
    "unify": UNIFIED[0],
    "analyse": ANALYSED[0],
}
"""The table that each writes first: it has no page yet, so that it cannot do without room."""


@pytest.fixture(scope="module")
def server_disk(workshop: Workshop) -> Iterator[Path]:
    """A disk of the server's, and on it the tablespace ``small``; the server's log is elsewhere."""
    owner = (workshop.folder / "postgres" / "data").stat().st_uid
    with small_disk(workshop.folder / "server_disk", 160, owner) as disk:
        tablespace = disk / "tablespace"
        tablespace.mkdir()
        os.chown(tablespace, owner, -1)
        with psycopg.connect(workshop.server.url("postgres"), autocommit=True) as connection:
            location = sql.Literal(str(tablespace))
            connection.execute(sql.SQL("create tablespace small location {}").format(location))
            yield disk
            databases = connection.execute(
                "select datname from pg_database inner join pg_tablespace on"
                " pg_tablespace.oid = dattablespace where spcname = 'small'"
            ).fetchall()
            for (name,) in databases:
                drop_database(workshop.server, name)
            connection.execute("drop tablespace small")


@pytest.fixture
def local_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of this machine's."""
    with small_disk(tmp_path / "local_disk", 64, os.geteuid()) as disk:
        yield disk


def assert_it_names_the_servers_disk(printed: str, command: str) -> None:
    message = " ".join(printed.split())
    assert "the server's disk is full" in message
    assert "at 127.0.0.1:" in message
    assert f"beacon {command}" in message
    assert "Traceback" not in printed


def test_a_servers_disk_that_is_full_blames_no_day_and_with_room_all_is_caught_up(
    workshop: Workshop, built: Built, server_disk: Path
) -> None:
    with psycopg.connect(workshop.server.url("postgres"), autocommit=True) as connection:
        connection.execute("create database filling tablespace small")
    scenario = workshop.scenario(OLD, "filling")

    with filled(server_disk, kilobytes_left=500):
        assert_it_names_the_servers_disk(scenario.finish("setup", exit_code=1), "setup")
    scenario.finish("setup")

    for moment, relation in sampled(list(MOMENTS.items()), 3):
        fill_disk_at(scenario.warehouse, relation, server_disk / "filler")
        with giving_back(server_disk / "filler"):
            printed = scenario.backfill(exit_code=1).output
        allow_writes(scenario.warehouse, relation)
        assert_it_names_the_servers_disk(printed, "backfill")
        unfinished = scenario.unfinished()
        assert {day.job_day for day in unfinished} == set(DAYS)
        assert {day.state for day in unfinished} <= {State.MISSING, State.STALE, State.FAILED}
        if moment != "ledger":
            assert {day.stage for day in unfinished} == {moment}
            assert all("the server's disk is full" in day.reason for day in unfinished)
    scenario.backfill()
    assert scenario.unfinished() == []
    assert scenario.content() == built.old


def test_dagsters_disk_that_is_full_ends_a_backfill_in_a_few_lines(
    outdated: Scenario, built: Built, local_disk: Path
) -> None:
    home = local_disk / "dagster"
    home.mkdir()
    for room in sampled((40, 1200), 1):
        with filled(local_disk, kilobytes_left=room):
            printed = outdated.finish("backfill", ACCEPT, exit_code=1, DAGSTER_HOME=str(home))
        assert "Traceback" not in printed
        assert "this machine's disk is full" in printed
        assert str(home) in printed
        assert outdated.days(State.QUARANTINED) == []
    outdated.finish("backfill", ACCEPT, DAGSTER_HOME=str(home))
    assert outdated.content() == built.new


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "delivery",
    sampled([("snapshot", "taken", 60), ("report", "report.html", 20)], 0),
    ids=lambda delivery: delivery[0],
)
def test_a_delivery_without_room_leaves_no_part_and_the_old_one_as_it_was(
    workshop: Workshop, local_disk: Path, delivery: tuple[str, str, int]
) -> None:
    command, output, kilobytes_left = delivery
    folder = local_disk / "deliveries"
    folder.mkdir()
    old = Scenario(workshop.databases(OLD, BUILT_OLD), "", local_disk / "home")
    new = Scenario(workshop.databases(NEW, BUILT_NEW), "", local_disk / "home")
    arguments = (command, "--output", str(folder / output))
    old.finish(*arguments)
    before = hashes(folder)
    with filled(local_disk, kilobytes_left=kilobytes_left):
        printed = new.finish(*arguments, exit_code=1)
        assert hashes(folder) == before
        assert {path.name for path in folder.iterdir()} <= {output, f".{output}.lock"}
    message = " ".join(printed.split())
    assert "this machine's disk is full" in message
    assert str(folder / output) in message
    assert "needs" in message
    assert f"beacon {command}" in message
    assert "Traceback" not in printed
    new.finish(*arguments)
    assert hashes(folder) != before

"""A hot standby as source: the same days, and a cancelled read is done again with its reason."""

import logging
import os
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from dagster_project.backfill.fingerprints import fingerprints, read_source
from dagster_project.doctor.databases import database_findings, runner_findings, target_findings
from dagster_project.doctor.finding import Level
from dagster_project.embedded_postgres.programs import find_bindir, find_launcher, own_tree
from dagster_project.extract.window import snapshot_of
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec
from dagster_project.stage import reread

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URLs of a synthetic runner database on a primary, and on its hot standby."""
    folder = tmp_path_factory.mktemp("standby")
    bindir = find_bindir()
    launcher = find_launcher(folder, bindir / "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [*launcher.prefix, str(bindir / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    def start(data: Path, port: int) -> str:
        with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as conf:
            conf.write(
                f"port = {port}\nlisten_addresses = '{HOST}'\nunix_socket_directories = ''\n"
                "wal_level = replica\nfsync = off\nmax_standby_streaming_delay = 0\n"
                "dynamic_shared_memory_type = mmap\nshared_buffers = 32MB\nautovacuum = off\n"
            )
        own_tree(launcher, data)
        run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={data}/log")
        return f"postgresql://beacon@{HOST}:{port}/postgres"

    os.chown(folder, launcher.uid, launcher.gid)
    primary, standby = folder / "primary", folder / "standby"
    run("initdb", f"--pgdata={primary}", "--username=beacon", "--auth=trust", "--no-sync")
    port = free_port()
    source = start(primary, port)
    try:
        generate(source, RunnerSpec(seed=3, jobs=MIN_JOBS))
        run("pg_basebackup", f"--pgdata={standby}", "--write-recovery-conf", f"--dbname={source}")
        copy = start(standby, free_port())
        try:
            yield source, copy
        finally:
            run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={standby}")
    finally:
        run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={primary}")


def read_until_cancelled(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """Read again and again in one snapshot, whose rows are removed on the primary meanwhile."""
    while True:
        source.execute("select count(*) from executions")


def test_a_standby_has_the_days_of_its_primary(servers: tuple[str, str]) -> None:
    primary, standby = servers
    assert fingerprints(standby) == fingerprints(primary)


def test_a_standby_is_read_again_whenever_it_has_replayed_something(
    servers: tuple[str, str],
) -> None:
    primary, standby = servers
    with psycopg.connect(primary, autocommit=True) as owner:
        # A commit returns when the standby shows it.
        owner.execute("alter system set synchronous_standby_names = '*'")
        owner.execute("select pg_reload_conf()")
    applied = "set synchronous_commit = remote_apply"
    with (
        psycopg.connect(primary) as oldest,
        psycopg.connect(primary) as middle,
        psycopg.connect(primary, autocommit=True) as newest,
    ):
        change = "update jobs set status = status where id in (select min(id) + %s from jobs)"
        for number, connection in enumerate((oldest, middle, newest)):
            connection.execute(applied)
            connection.execute(change, (number,))
        known = read_source(standby)
        # Neither the oldest transaction of the snapshot is another one now, nor the newest.
        middle.commit()
        assert read_source(standby, known=known).days == fingerprints(standby) != known.days
    # The primary notes its transactions every 15 seconds, which may fall between two reads.
    reads = (read_source(standby) for _ in range(3))
    assert any(read_source(standby, known=one) is one for one in reads)


def test_a_read_that_recovery_cancels_is_done_again_and_says_why(
    servers: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    primary, standby = servers
    attempts: list[int] = []

    def read() -> int:
        attempts.append(len(attempts))
        with snapshot_of(standby) as source:
            ((rows,),) = source.execute("select count(*) from diffs").fetchall()
            if len(attempts) == 1:
                with psycopg.connect(primary, autocommit=True) as owner:
                    owner.execute("delete from diffs")
                    owner.execute("vacuum diffs")
                read_until_cancelled(source)
        return int(rows)

    with caplog.at_level(logging.WARNING):
        assert reread(read) == 0
    assert attempts == [0, 1]
    assert "conflict with recovery" in caplog.text


def test_an_error_that_will_not_pass_is_raised_at_once(servers: tuple[str, str]) -> None:
    attempts: list[int] = []

    def read() -> None:
        attempts.append(1)
        with snapshot_of(servers[1]) as source:
            source.execute("select * from nowhere")

    with pytest.raises(errors.UndefinedTable):
        reread(read)
    assert attempts == [1]


def test_the_doctor_says_that_it_is_a_standby_and_refuses_to_publish_there(
    servers: tuple[str, str],
) -> None:
    checks = partial(runner_findings, embedded=True)
    source = list(database_findings("runner", "BEACON_RUNNER_URL", servers[1], checks))
    assert "a hot standby" in source[0].found
    assert {one.level for one in source} == {Level.OK}
    target = list(database_findings("publish", "BEACON_PUBLISH_URL", servers[1], target_findings))
    refused = [one for one in target if one.level is Level.FAIL]
    assert [one.remedy for one in refused] == ["Name the primary server."]

"""A backfill by Celery workers on two hosts, launched from a third; one of the two fails."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.backfill.plan import State, current_plan
from dagster_project.backfill.stages import present_versions
from dagster_project.embedded_postgres.programs import find_bindir, find_launcher
from dagster_project.paths import PROJECT_DIR
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify.dbt_run import load_manifest
from dagster_project.unify.setup import set_up_warehouse
from tests.distributed.hosts import GATEWAY, NETWORK, Host, Process, add_host, network
from tests.faults.content import content_of
from tests.faults.scenario import Scenario
from tests.faults.source import create_source, days_from

BIN = Path(sys.executable).parent
FILES = PROJECT_DIR / "deploy" / "celery"
DAYS = days_from(date(2025, 9, 1), 30)
CHUNK_DAYS = 6
PARSED = ("manifest.json", "partial_parse.msgpack")
POLL_S = 0.2
WORKER = ("dagster-celery", "worker", "start", "-A", "dagster_celery.app", "-y")
DAEMON = ("dagster-daemon", "run", "--module-name", "dagster_project.definitions")
DAEMON_LIVES = """
select exists (select from daemon_heartbeats where daemon_type = 'QUEUED_RUN_COORDINATOR')
"""
HOLDS_DAYS = """
select exists (
    select from pg_stat_activity
    where client_addr = '{}' and application_name = 'beacon:day-locks'
)
"""


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A broker that the hosts reach; yields its URL."""
    program = shutil.which("redis-server")
    assert program is not None, "install redis-server: scripts/ensure_components.sh"
    options = ("--bind", GATEWAY, "--port", "6379", "--save", "", "--protected-mode", "no")
    with (
        (folder / "redis.log").open("w") as log,
        subprocess.Popen([program, *options], cwd=folder, stdout=log) as process,
    ):
        try:
            yield f"redis://{GATEWAY}:6379/0"
        finally:
            process.terminate()


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """A server that the hosts reach; yields its URL without a database."""
    bindir = find_bindir(Settings().pg_bindir)
    launcher = find_launcher(folder, bindir / "postgres")
    data = folder / "data"
    os.chown(folder, launcher.uid, launcher.gid)

    def run(program: str, *arguments: str) -> None:
        command = [*launcher.prefix, str(bindir / program), f"--pgdata={data}", *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    run("initdb", "--username=beacon", "--auth=trust", "--no-sync")
    with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write(
            f"listen_addresses = '{GATEWAY}'\nunix_socket_directories = ''\nfsync = off\n"
            "dynamic_shared_memory_type = mmap\njit = off\n"
        )
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write(f"host all all {NETWORK}.0/24 trust\n")
    run("pg_ctl", "start", "--wait", f"--log={data}/log")
    try:
        yield f"postgresql://beacon@{GATEWAY}:5432"
    finally:
        run("pg_ctl", "stop", "--mode=immediate")


def wait_until(url: str, query: str, process: Process, host: Host) -> None:
    """Wait for a database to say yes while a process of a host lives."""
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            with suppress(psycopg.errors.UndefinedTable):
                if connection.execute(query.encode()).fetchone() == (True,):
                    return
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL_S)
                pytest.fail(host.log.read_text())


def test_two_hosts_do_what_one_does_though_one_of_them_fails(tmp_path: Path) -> None:
    with network() as made:
        server = made.enter_context(postgres_server(tmp_path))
        redis = made.enter_context(redis_server(tmp_path))

        def create(name: str, template: str = "template1") -> str:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"create database {name} template {template}".encode())
            return f"{server}/{name}"

        source, history = create("source"), create("history")
        create_source(source, DAYS)
        set_up_warehouse(create("one"), present_versions())
        one, many = (Databases(source, url) for url in (f"{server}/one", create("many", "one")))

        alone = Scenario(one, one.runner, tmp_path)
        alone.backfill()
        load_manifest(Settings().home)
        parsed = Settings().home / "dbt"

        def host(number: int) -> Host:
            return add_host(
                made,
                number,
                tmp_path,
                {
                    "dagster/dagster.yaml": FILES / "dagster.yaml",
                    "worker.yaml": FILES / "worker.yaml",
                    # Each host would make them for itself, which takes seconds of each.
                    **{f"home/dbt/{name}": parsed / name for name in PARSED},
                },
                PATH=f"{BIN}:/usr/local/bin:/usr/bin:/bin",
                BEACON_HOME=str(tmp_path / "disk" / "home"),
                DAGSTER_HOME=str(tmp_path / "disk" / "dagster"),
                BEACON_RUNNER_URL=many.runner,
                BEACON_WAREHOUSE_URL=many.warehouse,
                BEACON_DAGSTER_URL=history,
                CELERY_BROKER_URL=redis,
                CELERY_RESULT_BACKEND=redis,
            )

        workers, third = [host(2), host(3)], host(4)
        daemon = third.start(*DAEMON)
        for worker in workers:
            worker.start(*WORKER, str(worker.disk / "worker.yaml"), "--", "--concurrency=1")
        wait_until(history, DAEMON_LIVES, daemon, third)
        command = third.start("beacon", "backfill", "--launch", f"--chunk-days={CHUNK_DAYS}")
        wait_until(many.warehouse, HOLDS_DAYS.format(workers[0].address), command, third)
        workers[0].kill()
        assert command.wait() == 0, third.log.read_text()
        assert [day for day in current_plan(many) if day.state is not State.CURRENT] == []
        assert content_of(many.warehouse) == alone.content()

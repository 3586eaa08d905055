"""The embedded server: started once, shared, stopped by the last, whatever was killed before."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dagster_project.embedded_postgres.cluster import HOST, EmbeddedServerError
from dagster_project.embedded_postgres.programs import (
    PostgresBinariesError,
    find_bindir,
    installed_bindirs,
    wheel_bindirs,
)
from dagster_project.embedded_postgres.server import (
    EmbeddedServer,
    create_database,
    embedded_server,
    has_server,
    stop_server,
)

# Says where the server is, and uses it until its standard input ends.
CLIENT = """
import sys
from pathlib import Path
from dagster_project.embedded_postgres.server import embedded_server
with embedded_server(Path(sys.argv[1]), durable=False) as server:
    print(server.url("postgres"), flush=True)
    sys.stdin.read()
"""

BINDIRS = [*wheel_bindirs(), *installed_bindirs()]
NOBODY = pwd.getpwnam("nobody").pw_uid


@dataclass(frozen=True)
class Way:
    """A kind of user that a client is."""

    name: str
    uid: int
    prefix: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    """All that is on PATH; everything when empty."""


WAYS = [Way("the user of this run", os.geteuid())]
if os.geteuid() == 0:
    WAYS += [
        Way("root where namespaces are refused", 0, programs=("setpriv", "sh", "rm")),
        Way(
            "an ordinary user",
            NOBODY,
            prefix=(
                *("setpriv", f"--reuid={NOBODY}", "--clear-groups"),
                # Only to reach the Python and the packages of this run, maybe below /root.
                *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
            ),
        ),
    ]

StartClient = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_client() -> Iterator[StartClient]:
    """A factory of processes that use the server of a home folder."""
    clients: list[subprocess.Popen[str]] = []

    def start(
        home: Path, *, prefix: tuple[str, ...] = (), path: str = os.environ["PATH"]
    ) -> subprocess.Popen[str]:
        client = subprocess.Popen(
            [*prefix, sys.executable, "-c", CLIENT, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PATH": path},
        )
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.communicate()


def url_of(client: subprocess.Popen[str]) -> str:
    """Wait until a client uses the server and return the URL it tells."""
    assert client.stdout is not None
    return client.stdout.readline().strip()


def leave(client: subprocess.Popen[str]) -> None:
    """End a client properly."""
    client.communicate()
    assert client.returncode == 0


def kill(client: subprocess.Popen[str]) -> None:
    """End a client by SIGKILL."""
    client.kill()
    client.communicate()


def is_served(url: str) -> bool:
    """Tell whether anything listens at a URL's port."""
    port = int(psycopg.conninfo.conninfo_to_dict(url)["port"] or 0)
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def postmaster_of(home: Path) -> int:
    """Return the process id of the server."""
    return int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def test_a_server_answers_while_it_is_used_and_is_gone_afterwards(tmp_path: Path) -> None:
    with (
        embedded_server(tmp_path, durable=False) as server,
        psycopg.connect(server.url("postgres")) as connection,
    ):
        assert connection.execute("show listen_addresses").fetchone() == (HOST,)
        assert connection.execute("show unix_socket_directories").fetchone() == ("",)
    assert not is_served(server.url("postgres"))


def test_a_durable_server_writes_to_disk(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server, psycopg.connect(server.url("postgres")) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)


def test_a_server_keeps_its_port_password_and_data(tmp_path: Path) -> None:
    with embedded_server(tmp_path, durable=False) as first:
        create_database(first, "kept")
    with embedded_server(tmp_path, durable=False) as second:
        assert second == first
        psycopg.connect(second.url("kept")).close()


def test_creating_a_database_twice_changes_nothing(postgres_server: EmbeddedServer) -> None:
    create_database(postgres_server, 'created "twice"')
    create_database(postgres_server, 'created "twice"')
    psycopg.connect(postgres_server.url('created "twice"')).close()


def test_two_users_in_one_process_share_the_server(tmp_path: Path) -> None:
    with embedded_server(tmp_path, durable=False) as outer:
        with embedded_server(tmp_path, durable=False) as inner:
            assert inner == outer
        psycopg.connect(outer.url("postgres")).close()


def test_the_last_of_two_processes_stops_the_server(
    tmp_path: Path, start_client: StartClient
) -> None:
    first, second = start_client(tmp_path), start_client(tmp_path)
    url = url_of(first)
    assert url_of(second) == url
    leave(first)
    assert is_served(url)
    leave(second)
    assert not is_served(url)


def test_a_kept_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    assert not has_server(tmp_path)
    with embedded_server(tmp_path, durable=False, keep_running=True) as server:
        assert not stop_server(tmp_path)
    psycopg.connect(server.url("postgres")).close()
    assert stop_server(tmp_path)
    assert not is_served(server.url("postgres"))
    assert has_server(tmp_path)


def test_stopping_where_no_server_was_ever_started_changes_nothing(tmp_path: Path) -> None:
    assert stop_server(tmp_path)
    assert not any(tmp_path.iterdir())


def test_four_first_starts_at_once_make_one_server(
    tmp_path: Path, start_client: StartClient
) -> None:
    clients = [start_client(tmp_path) for _ in range(4)]
    urls = {url_of(client) for client in clients}
    assert len(urls) == 1
    assert (tmp_path / "postgres/data/server.log").read_text().count("starting PostgreSQL") == 1


def test_a_server_whose_only_user_was_killed_is_used_again_and_then_stopped(
    tmp_path: Path, start_client: StartClient
) -> None:
    client = start_client(tmp_path)
    url = url_of(client)
    kill(client)
    left_behind = postmaster_of(tmp_path)
    with embedded_server(tmp_path, durable=False) as server:
        assert server.url("postgres") == url
        assert postmaster_of(tmp_path) == left_behind
    assert not is_served(url)


@pytest.mark.parametrize(
    "sign", ["start.lock", "password", "unfinished", "data", "port", "data/postmaster.pid"]
)
def test_a_client_killed_while_it_starts_leaves_nothing_in_the_way(
    tmp_path: Path, start_client: StartClient, sign: str
) -> None:
    client = start_client(tmp_path)
    while not (tmp_path / "postgres" / sign).exists():
        assert client.poll() is None
    kill(client)
    with embedded_server(tmp_path, durable=False) as server:
        psycopg.connect(server.url("postgres")).close()
    assert not is_served(server.url("postgres"))


def test_an_interrupted_user_stops_the_server(tmp_path: Path, start_client: StartClient) -> None:
    client = start_client(tmp_path)
    url = url_of(client)
    os.killpg(client.pid, signal.SIGINT)
    client.communicate()
    assert not is_served(url)


def test_an_interrupt_of_one_user_does_not_reach_the_server(
    tmp_path: Path, start_client: StartClient
) -> None:
    first = start_client(tmp_path)
    url = url_of(first)
    second = start_client(tmp_path)
    url_of(second)
    os.killpg(first.pid, signal.SIGINT)
    first.communicate()
    psycopg.connect(url).close()


def test_a_killed_server_starts_again_with_its_committed_data(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as server:
        create_database(server, "kept")
        os.kill(postmaster_of(tmp_path), signal.SIGKILL)
        with embedded_server(tmp_path) as again:
            assert again == server
            psycopg.connect(again.url("kept")).close()


def test_a_server_killed_under_its_last_user_is_no_error(tmp_path: Path) -> None:
    with embedded_server(tmp_path, durable=False) as server:
        os.kill(postmaster_of(tmp_path), signal.SIGKILL)
    assert not is_served(server.url("postgres"))


def test_a_process_id_that_now_belongs_to_a_stranger_does_not_hinder_the_start(
    tmp_path: Path,
) -> None:
    with embedded_server(tmp_path, durable=False):
        pid_file = tmp_path / "postgres/data/postmaster.pid"
        lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    with embedded_server(tmp_path, durable=False) as server:
        psycopg.connect(server.url("postgres")).close()


def test_a_half_finished_data_folder_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres/unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with embedded_server(tmp_path, durable=False) as server:
        psycopg.connect(server.url("postgres")).close()
    assert not unfinished.exists()


def test_a_port_that_a_stranger_took_is_passed_over(tmp_path: Path) -> None:
    with embedded_server(tmp_path, durable=False) as first:
        pass
    with socket.create_server((HOST, first.port)), embedded_server(tmp_path) as second:
        assert second.port != first.port
        psycopg.connect(second.url("postgres")).close()


def test_the_password_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    with embedded_server(tmp_path, durable=False) as server:
        password = tmp_path / "postgres/password"
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert password.read_text() == server.password
        assert server.password not in repr(server)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_refused(postgres_server: EmbeddedServer, password: str) -> None:
    url = postgres_server.url("postgres").replace(postgres_server.password, password)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.parametrize("bindir", BINDIRS, ids=lambda path: str(path).replace("/", "_"))
def test_every_postgres_on_this_machine_works_and_orders_text_by_code_point(
    tmp_path: Path, bindir: Path
) -> None:
    with (
        embedded_server(tmp_path, bindir, durable=False) as server,
        psycopg.connect(server.url("postgres")) as connection,
    ):
        assert connection.execute("select upper('é'), 'b' < 'C'").fetchone() == ("É", False)


def test_data_of_another_postgres_version_are_refused_and_kept(tmp_path: Path) -> None:
    newer, older = BINDIRS[0], BINDIRS[1]
    with embedded_server(tmp_path, newer, durable=False) as server:
        create_database(server, "kept")
    with pytest.raises(EmbeddedServerError), embedded_server(tmp_path, older, durable=False):
        pass
    with embedded_server(tmp_path, newer, durable=False) as server:
        psycopg.connect(server.url("kept")).close()


def test_a_preferred_folder_without_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PostgresBinariesError):
        find_bindir(tmp_path)


def test_a_folder_with_a_space_in_its_name_works(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "a clone of mine", durable=False) as server:
        psycopg.connect(server.url("postgres")).close()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_server_runs_for_each_kind_of_user_and_the_next_takes_it_over(
    tmp_path: Path, start_client: StartClient, way: Way
) -> None:
    os.chown(tmp_path, way.uid, -1)
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in way.programs:
        (programs / program).symlink_to(shutil.which(program) or program)
    path = str(programs) if way.programs else os.environ["PATH"]
    client = start_client(tmp_path, prefix=way.prefix, path=path)
    psycopg.connect(url_of(client)).close()
    leave(client)
    with embedded_server(tmp_path, durable=False) as server:
        psycopg.connect(server.url("postgres")).close()

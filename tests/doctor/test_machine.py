"""What the doctor finds on this machine."""

import socket
from pathlib import Path

from dagster_project.doctor.finding import Level
from dagster_project.doctor.machine import folder_finding, packages_finding, port_finding


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finding = folder_finding("BEACON_HOME", tmp_path / "file" / "home")
    assert finding.level is Level.FAIL
    assert "BEACON_HOME" in finding.remedy
    # No user may create files there, root included.
    assert folder_finding("BEACON_HOME", Path("/proc/beacon")).level is Level.FAIL


def test_a_folder_that_can_be_written_stays_as_it_is(tmp_path: Path) -> None:
    assert folder_finding("BEACON_HOME", tmp_path / "not" / "yet").level is Level.OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_the_room_that_is_needed_fails(tmp_path: Path) -> None:
    assert folder_finding("TMPDIR", tmp_path, need_bytes=1).level is not Level.FAIL
    finding = folder_finding("TMPDIR", tmp_path, need_bytes=10**18)
    assert finding.level is Level.FAIL
    assert str(tmp_path) in finding.found
    assert "TMPDIR" in finding.remedy


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finding = port_finding("127.0.0.1", port)
    assert finding.level is Level.WARN
    assert f"beacon ui --port {port + 1}" in finding.remedy
    assert port_finding("127.0.0.1", port).level is Level.OK


def test_the_locked_packages_are_accepted() -> None:
    assert packages_finding().level is Level.OK

"""What the doctor finds on this machine."""

import shutil
import socket
from pathlib import Path

import pytest

from dagster_project.doctor.finding import Level
from dagster_project.doctor.machine import (
    folder_finding,
    instance_findings,
    packages_finding,
    port_finding,
)
from dagster_project.orchestrate.instance import SHIPPED_SETTINGS


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


def test_an_address_of_another_machine_is_not_called_taken() -> None:
    # TEST-NET-1, which no machine has; and a name that cannot exist.
    for host in ("192.0.2.1", "host.invalid"):
        finding = port_finding(host, 3000)
        assert finding.level is Level.WARN
        assert "beacon ui --host" in finding.remedy


def test_the_locked_packages_are_accepted() -> None:
    assert packages_finding().level is Level.OK


def test_the_limits_that_the_project_ships_are_enough(tmp_path: Path) -> None:
    shutil.copy(SHIPPED_SETTINGS, tmp_path / "dagster.yaml")
    assert [finding.level for finding in instance_findings(tmp_path)] == [Level.OK]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["runs at once", "history", "run monitoring"]),
        ("run_coordinator: {class: DefaultRunCoordinator, module: dagster}", ["not queued"]),
        ("run_queue: {max_concurrent_runs: 4}", ["history"]),
        ("run_retries: {enabled: true, max_retries: 3}", ["repeated when days fail"]),
    ],
)
def test_each_limit_that_an_instance_of_ones_own_lacks_is_named_with_its_remedy(
    text: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "dagster.yaml").write_text(text, encoding="utf-8")
    findings = list(instance_findings(tmp_path))
    assert {finding.level for finding in findings} == {Level.WARN}
    assert all(finding.remedy for finding in findings)
    for word in words:
        assert any(word in finding.found for finding in findings)

"""``beacon ui``: webserver and daemon end together."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project.cli.shared import FAILED
from dagster_project.cli.ui import end
from tests.faults.faults import until
from tests.pipeline import Pipeline

# The tests themselves may run in the background, where signals are ignored.
DEFAULT_SIGNALS = ("env", "--default-signal")
NAMES = ("webserver", "daemon")
TIMEOUT_S = 120
Ui = tuple[subprocess.Popen[str], list[int]]


@contextmanager
def started(pipeline: Pipeline) -> Iterator[Ui]:
    """Give the command and the ids of its two processes."""
    variables = {
        **{name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"},
        "BEACON_HOME": str(pipeline.home),
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }
    program = str(Path(sys.executable).with_name("beacon"))
    with subprocess.Popen(
        [*DEFAULT_SIGNALS, program, "ui", "--port", "3999"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        until(lambda: len(children.read_text().split()) == len(NAMES))
        yield command, [int(pid) for pid in children.read_text().split()]
        command.terminate()


@pytest.mark.parametrize("name", NAMES)
def test_when_one_of_the_two_dies_the_other_is_stopped_and_the_command_says_which(
    name: str, pipeline: Pipeline
) -> None:
    with started(pipeline) as (command, pids):
        os.kill(pids[NAMES.index(name)], signal.SIGKILL)
        printed, _ = command.communicate()
    assert command.returncode == FAILED, printed
    assert f"Dagster's {name} ended" in printed
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_request_to_stop_ends_both_without_a_complaint(pipeline: Pipeline) -> None:
    with started(pipeline) as (command, pids):
        command.send_signal(signal.SIGTERM)
        # Whoever is left behind holds the output open.
        printed, _ = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 0, printed
    assert "Warning" not in printed
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


DROPS_A_REQUEST = """
import signal

class Finalized:
    def __del__(self):
        signal.pause()

signal.signal(signal.SIGTERM, signal.default_int_handler)
print("ready", flush=True)
Finalized()
signal.pause()
"""


def test_a_process_that_drops_a_request_to_stop_is_asked_again() -> None:
    program = (*DEFAULT_SIGNALS, sys.executable, "-c", DROPS_A_REQUEST)
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end(process, again_after_s=0.1)
    assert process.returncode == -signal.SIGINT

"""Hosts made of the kernel's namespaces: an address, a disk and processes of their own.

Belongs here: making them, running processes there, ending them all at once. Does not belong here:
what runs there. The disk is mounted at the same place on each host, so that a file of one host that
another one needs is missed there. Programs are shared, as an image would be.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# Of this process: two runs of the tests on one machine do not meet.
NETWORK = f"10.213.{os.getpid() % 256}"
GATEWAY = f"{NETWORK}.1"
BRIDGE = f"beacon{os.getpid()}"

_KEEPER = 'mount -t tmpfs none "$0" && echo mounted && exec cat'

Process = subprocess.Popen[str]


@dataclass
class Host:
    """A network namespace, a folder that is another disk in each process's namespace of mounts.

    Attributes:
        name: Of the network namespace.
        address: Its address.
        disk: Where its own disk is mounted.
        log: What its processes print; not on its disk, for whoever reads a failure.
        variables: Of the environment of each of its processes.
    """

    name: str
    address: str
    disk: Path
    log: Path
    variables: Mapping[str, str]
    processes: list[Process] = field(default_factory=list)

    def start(self, *command: str) -> Process:
        """Start a process on the host."""
        keeper = f"/proc/{self.processes[0].pid}/ns/mnt"
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [
                    _program("nsenter"),
                    f"--mount={keeper}",
                    f"--net=/run/netns/{self.name}",
                    *command,
                ],
                cwd="/",
                env=dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        self.processes.append(process)
        return process

    def kill(self) -> None:
        """Let the host fail: every process of it is gone at once."""
        pids = _ip("netns", "pids", self.name).split()
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()


@contextmanager
def network() -> Iterator[ExitStack]:
    """Lay a network that reaches this machine at GATEWAY; yields where hosts are to be ended."""
    with ExitStack() as made:
        _ip("link", "add", BRIDGE, "type", "bridge")
        made.callback(_ip, "link", "del", BRIDGE)
        _ip("address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield made


def add_host(
    made: ExitStack, number: int, folder: Path, files: Mapping[str, Path], **variables: str
) -> Host:
    """Add a host to the network.

    Args:
        made: Of `network`; ends the host.
        number: Of its address, from 2 on.
        folder: For logs; its ``disk`` is where each host has its own.
        files: What lies on the disk at first, by path there.
        variables: Of the environment of its processes, beside PATH, HOME and TMPDIR.
    """
    name, link, disk = f"{BRIDGE}-{number}", f"b{number}-{os.getpid()}", folder / "disk"
    disk.mkdir(exist_ok=True)
    _ip("netns", "add", name)
    made.callback(_ip, "netns", "del", name)
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", link, "master", BRIDGE, "up")
    address = f"{NETWORK}.{number}"
    for command in (
        ("address", "add", f"{address}/24", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("link", "set", "lo", "up"),
    ):
        _ip("-netns", name, *command)
    own = {"PATH": os.environ["PATH"], "HOME": str(disk), "TMPDIR": str(disk)}
    host = Host(name, address, disk, folder / f"{number}.log", {**own, **variables})
    made.callback(host.kill)
    # Holds the namespace of mounts that all processes of the host enter.
    keeper = made.enter_context(
        subprocess.Popen(
            [_program("ip"), "netns", "exec", name, "sh", "-c", _KEEPER, str(disk)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline(), f"{name} has no disk of its own"
    host.processes.append(keeper)
    for place, file in files.items():
        copied = host.start("install", "-D", "--mode=644", str(file), str(disk / place))
        assert copied.wait() == 0, host.log.read_text()
    return host


def _ip(*arguments: str) -> str:
    done = subprocess.run([_program("ip"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"ip {' '.join(arguments)}: {done.stderr}The test makes hosts of network namespaces, "
        "for which it must be root and the kernel must allow them."
    )
    return done.stdout


def _program(name: str) -> str:
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, f"{name} is missing: scripts/ensure_components.sh"
    return program

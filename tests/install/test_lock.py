"""The lock files fit every Python and processor that is promised, as the package index has them."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pytest
from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from dagster_project.paths import PROJECT_DIR
from scripts.uv_settings import pip_configuration, published, uv_variables

LOCKS = ("requirements.lock", "requirements-uv.lock")
PYTHONS = ((3, 11), (3, 12), (3, 13))
PROCESSORS = ("x86_64", "aarch64")
GLIBC = (2, 28)
"""The oldest that is promised: Debian 10, Ubuntu 20.04, RHEL 8."""

Package = dict[str, Any]


@pytest.fixture(scope="module", params=LOCKS)
def lock(request: pytest.FixtureRequest) -> Path:
    return PROJECT_DIR / str(request.param)


@pytest.fixture(scope="module")
def packages(lock: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Package]:
    """What the package index has of each locked version; uv keeps the answers for the next time."""
    output = tmp_path_factory.mktemp("lock") / "pylock.toml"
    variables = published(uv_variables(pip_configuration()), os.environ)
    command = ("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-deps")
    subprocess.run(
        [uv(), *command, "--format", "pylock.toml", "--output-file", str(output), str(lock)],
        env={
            **{name: value for name, value in os.environ.items() if name not in variables},
            **{name: value for name, value in variables.items() if value},
        },
        check=True,
    )
    read: list[Package] = tomllib.loads(output.read_text(encoding="utf-8"))["packages"]
    return read


def test_every_published_wheel_is_accepted(lock: Path, packages: list[Package]) -> None:
    locked = hashes(lock)
    missing = [
        name(wheel)
        for package in packages
        for wheel in package.get("wheels", ())
        if wheel["hashes"]["sha256"] not in locked
    ]
    assert missing == []


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: ".".join(map(str, python)))
def test_every_package_has_a_wheel_for(
    packages: list[Package], python: tuple[int, int], processor: str
) -> None:
    supported = set(tags(python, processor))
    environment = {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": processor,
        "python_version": ".".join(map(str, python)),
        "python_full_version": f"{python[0]}.{python[1]}.0",
    }
    without = [
        package["name"]
        for package in packages
        if "marker" not in package or Marker(package["marker"]).evaluate(environment)
        if not any(
            supported & parse_wheel_filename(name(wheel))[3] for wheel in package.get("wheels", ())
        )
    ]
    assert without == []


def test_a_lock_names_no_place(lock: Path) -> None:
    assert re.findall(r"--(?:index|extra|find|trusted)\S*|\w+://\S+", lock.read_text("utf-8")) == []


def test_the_folders_of_a_machine_do_not_count_for_a_lock() -> None:
    configured = uv_variables(
        {
            "index-url": "https://packages.example/simple",
            "extra-index-url": "file:///srv/simple https://more.example/simple",
            "find-links": "/srv/wheels",
        }
    )
    chosen = published(configured, {"UV_INDEX": "/srv/more", "HOME": "/home/somebody"})
    assert chosen == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INDEX_URL": "https://packages.example/simple",
        "UV_EXTRA_INDEX_URL": "https://more.example/simple",
        "UV_FIND_LINKS": "",
        "UV_INDEX": "",
    }


def uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def hashes(lock: Path) -> set[str]:
    return set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock.read_text(encoding="utf-8")))


def name(wheel: Package) -> str:
    return str(wheel.get("name") or PurePosixPath(urlsplit(wheel["url"]).path).name)


def tags(python: tuple[int, int], processor: str) -> list[Tag]:
    """Return the tags of wheels that such a machine can install."""
    major, newest = GLIBC
    platforms = [f"manylinux_{major}_{minor}_{processor}" for minor in range(newest, 4, -1)]
    platforms += [f"manylinux{year}_{processor}" for year in ("2014", "2010", "1")]
    platforms.append(f"linux_{processor}")
    interpreter = f"cp{python[0]}{python[1]}"
    return [
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, interpreter, platforms=platforms),
    ]

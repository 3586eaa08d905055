"""The documentation: it builds without a network, its links lead somewhere, its commands work."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from dagster_project.embedded_postgres.server import RUNNER, WAREHOUSE, embedded_server
from dagster_project.paths import PROJECT_DIR
from dagster_project.runner_db.load import load_manifest
from dagster_project.settings import Settings

SH_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src"}
BIN = Path(sys.executable).parent
A_JOB = (
    "$(beacon jobs --json --state analysed --limit 1"
    ' | python -c \'import json, sys; print(json.load(sys.stdin)["jobs"][0]["job_id"])\')'
)
"""What stands for ``ID`` in a page: the id changes with the day of the demo."""

FLAGS = """
    select flag, array_agg(distinct split_part(execution_key, '#', 1))
    from analytics.execution_attempts, unnest(flags) as flag
    where execution_key like 'e:%' group by flag
"""
ATTEMPTS = """
    select attempt_reason, array_agg(execution_key) from analytics.execution_attempts
    where not is_current group by attempt_reason
"""
LOST = "select job_id from analytics.job_status where analysis_state = 'lost'"


class _Loads(HTMLParser):
    """Collects what a browser would load from another host to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address and urlsplit(address).netloc:
            self.elsewhere.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [str(BIN / "mkdocs"), "build", "--strict", "--site-dir", str(folder)],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list((PROJECT_DIR / "docs" / "decisions").glob("*.md")))
    for page in pages:
        loads = _Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert loads.elsewhere == [], page


def test_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert re.findall(r"(?:url\(|@import\s+)[\"']?(?:https?:)?//", text) == [], sheet


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md"])
def test_every_link_of_a_page_outside_the_site_leads_somewhere(name: str) -> None:
    links = LINK.findall((PROJECT_DIR / name).read_text(encoding="utf-8"))
    missing = [
        link
        for link in links
        if not urlsplit(link).scheme and not (PROJECT_DIR / link.partition("#")[0]).exists()
    ]
    assert missing == []


@dataclass(frozen=True)
class Toured:
    """What the commands of the tour printed, and the demo that they left."""

    finished: subprocess.CompletedProcess[str]
    home: Path


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    folder = tmp_path_factory.mktemp("tour")
    tour = (PROJECT_DIR / "docs" / "tour.md").read_text(encoding="utf-8")
    script = "".join(SH_BLOCK.findall(tour)).replace("build/tour", str(folder / "snapshot"))
    script = re.sub(r"\bID$", A_JOB, script, flags=re.MULTILINE)
    environment = {
        **{name: value for name, value in os.environ.items() if "BEACON" not in name},
        "BEACON_HOME": str(folder / "home"),
    }
    environment.pop("DAGSTER_HOME", None)
    finished = subprocess.run(
        ["/bin/sh", "-eu", "-c", script],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Toured(finished, folder / "home")


def test_the_commands_of_the_tour_work(toured: Toured) -> None:
    finished = toured.finished
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "with metrics now" in finished.stdout
    assert "Nothing to do" in finished.stdout
    assert "refusal_rate" in finished.stdout


def test_the_demos_jobs_end_yesterday_and_are_what_was_planted(toured: Toured) -> None:
    """The pipeline's tests compare jobs of 2025; those of a demo are made by other dates."""
    with embedded_server(toured.home, Settings().pg_bindir) as server:
        manifest = load_manifest(server.url(RUNNER))
        with psycopg.connect(server.url(WAREHOUSE)) as warehouse:
            flags = warehouse.execute(FLAGS).fetchall()
            attempts = warehouse.execute(ATTEMPTS).fetchall()
            lost = warehouse.execute(LOST).fetchall()
    today = datetime.now(UTC).date()
    # The tour may have begun before midnight.
    recent = {(today - timedelta(days=days)).isoformat() for days in (1, 2)}
    assert max(manifest.job_days) in recent
    planted = {flag: sorted(entry.keys) for flag, entry in manifest.flags.items()}
    found = {str(flag): sorted(keys) for flag, keys in flags}
    assert {flag: found.get(flag, []) for flag in planted} == planted
    losers = {reason: sorted(entry.keys) for reason, entry in manifest.attempts.items()}
    assert {str(reason): sorted(keys) for reason, keys in attempts} == losers
    assert {str(job) for (job,) in lost} == set(manifest.incidents["I-12"].keys)

"""Ten minutes of everything at once: ``make soak`` runs it, ``make test`` does not.

Webserver and daemon with all schedules and sensors on, source rows that change every few seconds, a
seed that is edited and installed later, a daemon that is killed and started again. At rest the
warehouse must hold what a build from scratch holds. `BEACON_LIVE_MINUTES` says how long.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from dagster_project.cli.ui import end
from dagster_project.paths import PROJECT_DIR
from tests.faults.conftest import OLD, STRUCTURE, Workshop
from tests.faults.content import content_of
from tests.faults.faults import until
from tests.faults.scenario import Scenario
from tests.faults.source import DAYS

MINUTES = float(os.environ.get("BEACON_LIVE_MINUTES", "10"))
CHANGE_EVERY_S = 4
REST_WITHIN_S = 900
PORT = 3877
FOLDERS = ("dagster_project", "dbt", "sql")
MODULE = ("--module-name", "dagster_project.definitions")
WEBSERVER = ("-m", "dagster_project.orchestrate.webserver", *MODULE, "--port", str(PORT))
OFTEN = {
    "BEACON_NIGHTLY_CRON": "*/2 * * * *",
    "BEACON_HISTORY_CRON": "* * * * *",
    "BEACON_CHECKS_CRON": "*/3 * * * *",
    "BEACON_SENSOR_SECONDS": "15",
}
SWITCHED_ON = {
    "schedules": ("nightly", "history", "hourly_checks"),
    "sensors": ("source_changes", "deliveries"),
}


Server = AbstractContextManager["subprocess.Popen[bytes]"]


@dataclass(frozen=True)
class Site:
    """A copy of the checkout, so that its seeds may be edited, and two databases."""

    scenario: Scenario
    checkout: Path

    @property
    def seed(self) -> Path:
        return self.checkout / "dbt" / "seeds" / "region_aliases.csv"

    def environment(self, **changes: str) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("BEACON_")}
        return {
            **inherited,
            **OFTEN,
            "BEACON_HOME": str(self.scenario.home),
            "BEACON_RUNNER_URL": self.scenario.databases.runner,
            "BEACON_WAREHOUSE_URL": self.scenario.databases.warehouse,
            "DAGSTER_HOME": str(self.scenario.dagster_home),
            "PYTHONPATH": str(self.checkout),
            **changes,
        }

    def beacon(self, *arguments: str, **changes: str) -> str:
        program = "from dagster_project.cli.app import app; app()"
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=self.checkout,
            env=self.environment(**changes),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, program: Sequence[str], log: str) -> Iterator["subprocess.Popen[bytes]"]:
        with (
            (self.scenario.home / log).open("ab") as output,
            subprocess.Popen(
                program,
                cwd=self.checkout,
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield process
            finally:
                end(process)

    def webserver(self) -> Server:
        return self.serving([sys.executable, *WEBSERVER], "webserver.log")

    def daemon(self) -> Server:
        tool = str(Path(sys.executable).with_name("dagster-daemon"))
        return self.serving([tool, "run", *MODULE], "daemon.log")


@pytest.fixture
def site(workshop: Workshop, tmp_path: Path) -> Site:
    workshop.create("live_source", OLD)
    workshop.create("live_warehouse", STRUCTURE)
    scenario = workshop.scenario("live_source", "live_warehouse")
    scenario.dagster_home.mkdir()
    shutil.copy(
        PROJECT_DIR / "dagster_project" / "orchestrate" / "dagster.yaml", scenario.dagster_home
    )
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", "target", "logs")
    for part in FOLDERS:
        shutil.copytree(PROJECT_DIR / part, checkout / part, ignore=unwanted)
    return Site(scenario, checkout)


def ask(query: str, **variables: object) -> Mapping[str, Any]:
    """Ask Dagster's GraphQL."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        data: Mapping[str, Any] = json.load(answer)["data"]
    return data


def is_up() -> bool:
    try:
        return bool(ask("{ version }"))
    except OSError:
        return False


def switch_on() -> None:
    mutations = {
        "schedules": (
            "mutation ($s: ScheduleSelector!) {startSchedule(scheduleSelector: $s) {__typename}}",
            "scheduleName",
        ),
        "sensors": (
            "mutation ($s: SensorSelector!) {startSensor(sensorSelector: $s) {__typename}}",
            "sensorName",
        ),
    }
    place = {
        "repositoryLocationName": "dagster_project.definitions",
        "repositoryName": "__repository__",
    }
    for kind, names in SWITCHED_ON.items():
        mutation, name_field = mutations[kind]
        for name in names:
            answer = ask(mutation, s={**place, name_field: name})
            (result,) = answer.values()
            assert result["__typename"] in ("ScheduleStateResult", "Sensor"), result


def change_something(url: str, random: np.random.Generator) -> None:
    """Do what a runner does: overwrite, add, delete or move rows of a day."""
    day = DAYS[random.integers(len(DAYS))]
    number = int(random.integers(1_000_000_000))
    what = random.integers(5)
    one = (
        "(select e.id from executions as e join jobs as j on e.job_id = j.id"
        f" where j.created_at::date = '{day}' and e.id > 1000 order by random() limit 1)"
    )
    statements = {
        0: "update executions set output_data = jsonb_set(output_data::jsonb, '{response}',"
        f" to_jsonb('Answer number {number} to this question.'::text))::json where id = {one}",
        1: f"delete from executions where id = {one}",
        2: "insert into executions (id, job_id, provider_id, region, status, started_at,"
        " completed_at, created_at, output_data, model_id, question_id)"
        f" select {number + 1_000_000}, job_id, provider_id, region, status, started_at,"
        " completed_at, created_at + interval '1 second', output_data, model_id, question_id"
        f" from executions where id = {one}",
        3: f"update executions set region = 'eu' where id = {one}",
        4: "update jobs set status = case status when 'failed' then 'completed' else 'failed' end"
        f" where id = (select min(id) from jobs where created_at::date = '{day}')",
    }
    with psycopg.connect(url) as connection:
        connection.execute(statements[int(what)].encode())


def keep_changing(site: Site, seconds: float, random: np.random.Generator) -> int:
    changes, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        change_something(site.scenario.source_owner, random)
        changes += 1
        time.sleep(CHANGE_EVERY_S)
    return changes


def edit(seed: Path) -> None:
    text = seed.read_text(encoding="utf-8")
    assert "eu,EU" in text
    seed.write_text(text.replace("eu,EU", "eu,ASIA"), encoding="utf-8")


@pytest.mark.timeout(7200)
def test_at_rest_the_content_equals_a_build_from_scratch(site: Site, workshop: Workshop) -> None:
    random = np.random.default_rng(0)
    part = MINUTES * 60 / 5
    changes = 0
    with site.webserver():
        until(is_up)
        with site.daemon() as daemon:
            switch_on()
            changes += keep_changing(site, part, random)
            edit(site.seed)
            changes += keep_changing(site, part, random)
            site.beacon("setup")
            changes += keep_changing(site, part, random)
            daemon.kill()
        changes += keep_changing(site, part, random)
        with site.daemon():
            changes += keep_changing(site, part, random)
            at_work = time.monotonic()
            until(lambda: site.scenario.unfinished() == [], REST_WITHIN_S)
            rest = time.monotonic() - at_work
            runs = ask("{ runsOrError(limit: 2000) { ... on Runs { results { status } } } }")
    found = Counter(run["status"] for run in runs["runsOrError"]["results"])
    print(f"{changes} changes, {rest:.0f} s to rest, runs: {dict(found)}")  # noqa: T201
    fresh = workshop.create("live_fresh", STRUCTURE)
    site.beacon("setup", BEACON_WAREHOUSE_URL=fresh)
    site.beacon("backfill", BEACON_WAREHOUSE_URL=fresh)
    mine, anew = site.scenario.content(), content_of(fresh)
    assert {name for name in anew if mine[name] != anew[name]} == set()

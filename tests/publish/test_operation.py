"""``beacon publish`` as a process, and publishing as an asset of Dagster."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import dagster as dg
import pytest

from dagster_project.cli.shared import FAILED, USAGE
from dagster_project.definitions import defs
from dagster_project.orchestrate.instance import run_in_process
from dagster_project.orchestrate.partitions import RANGE_TAGS
from dagster_project.partitions import Window
from dagster_project.publish.decide import Action
from tests.command import beacon
from tests.publish.conftest import Copies, jobs_with

WIDTH = 80
FEW_DAYS = 10


def urls(copies: Copies) -> dict[str, str]:
    return {"BEACON_RUNNER_URL": copies.runner, "BEACON_WAREHOUSE_URL": copies.warehouse}


def run(copies: Copies, home: Path, *arguments: str) -> CompletedProcess[str]:
    return beacon(*arguments, home=home, **urls(copies), BEACON_PUBLISH_URL=copies.publisher)


def test_publishing_is_off_without_its_variable(copies: Copies, tmp_path: Path) -> None:
    before = copies.source()
    for command in ("publish", "unpublish"):
        finished = beacon(command, home=tmp_path, **urls(copies))
        assert finished.returncode == USAGE
        assert "BEACON_PUBLISH_URL" in finished.stderr
    assert copies.source() == before


def test_scripts_get_every_job_with_what_happened_to_it(copies: Copies, tmp_path: Path) -> None:
    would = json.loads(run(copies, tmp_path, "publish", "--dry-run", "--json").stdout)
    done = json.loads(run(copies, tmp_path, "publish", "--json").stdout)
    assert (would["dry_run"], done["dry_run"]) == (True, False)
    assert would["jobs"] == done["jobs"]
    assert done["counts"]["published"] == sum(
        job["action"] == "published" and job["reason"] is None for job in done["jobs"]
    )
    assert all(job["explanation"] for job in done["jobs"] if job["reason"])
    withdrawn = json.loads(run(copies, tmp_path, "unpublish", "--json").stdout)
    assert withdrawn["counts"] == {"withdrawn": done["counts"]["published"]}


def test_tables_name_jobs_and_reasons_and_no_password(copies: Copies, tmp_path: Path) -> None:
    finished = run(copies, tmp_path, "publish")
    assert finished.returncode == 0, finished.stderr
    assert "single_region" in finished.stdout
    assert max(map(len, finished.stdout.splitlines())) <= WIDTH
    assert copies.publisher not in finished.stdout + finished.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--job", "nobody"), FAILED, "nobody"),
        (("--job", "a", "--from", "2025-10-01"), USAGE, "--job"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    copies: Copies, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    finished = run(copies, tmp_path, "publish", *arguments)
    assert finished.returncode == code
    assert said in finished.stderr


def test_a_constraint_that_forbids_a_row_is_named_and_its_page_left_out(
    copies: Copies, tmp_path: Path
) -> None:
    copies.execute(
        "alter table cross_region_analyses"
        " add constraint short check (length(summary) < 9) not valid"
    )
    before = copies.source()
    finished = run(copies, tmp_path, "publish")
    assert finished.returncode == FAILED
    assert "short" in finished.stderr
    assert copies.source() == before


@pytest.fixture
def instance(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    for name, url in urls(copies).items():
        monkeypatch.setenv(name, url)
    with dg.instance_for_test() as ephemeral:
        yield ephemeral


def first_days(copies: Copies) -> Window:
    ((first,),) = copies.read_warehouse(
        "select min(job_day) from analytics.fct_job_bias_metrics where workflow = 'standard'"
    )
    assert isinstance(first, date)
    return Window(first, date.fromordinal(first.toordinal() + FEW_DAYS))


def publish_days(
    instance: dg.DagsterInstance, window: Window, confirm: str = "publish"
) -> dg.ExecuteInProcessResult:
    days = (window.days[0].isoformat(), window.days[-1].isoformat())
    tags = dict(zip(RANGE_TAGS, days, strict=True))
    config = {"ops": {"pipeline": {"config": {"confirm": confirm}}}}
    return run_in_process(defs.resolve_job_def("publish"), instance, tags=tags, run_config=config)


def test_the_asset_does_nothing_unless_configured(
    copies: Copies, instance: dg.DagsterInstance
) -> None:
    before = copies.source()
    result = publish_days(instance, first_days(copies))
    assert result.success
    said = [set(one.metadata) for one in result.asset_materializations_for_node("pipeline")]
    assert said == [{"publishing"}] * FEW_DAYS
    assert copies.source() == before


def test_the_asset_does_nothing_unless_confirmed(
    copies: Copies, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_PUBLISH_URL", copies.publisher)
    before = copies.source()
    result = publish_days(instance, first_days(copies), confirm="yes")
    assert not result.success
    assert copies.source() == before


def test_the_asset_publishes_its_days_and_counts_them(
    copies: Copies, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEACON_PUBLISH_URL", copies.publisher)
    window = first_days(copies)
    result = publish_days(instance, window)
    assert result.success
    events = result.asset_materializations_for_node("pipeline")
    assert {event.partition for event in events} == {day.isoformat() for day in window.days}
    counted = sum(int(str(event.metadata["published"].value)) for event in events)
    recorded = copies.read_warehouse("select job_day from ops.publications")
    assert counted == len(recorded) > 0
    assert {day for (day,) in recorded} <= set(window.days)
    rest = jobs_with(copies.publish(), Action.UNCHANGED)
    assert len(rest) == counted

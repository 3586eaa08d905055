"""Whatever is selected in Dagster, in whatever order: a day is current when it is as built anew.

`BEACON_DRAWS` says how many random histories are lived through; `make soak` takes 300.
"""

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

import dagster as dg
import numpy as np
import psycopg
import pytest
from psycopg import sql

from dagster_project import warehouse
from dagster_project.backfill import ledger
from dagster_project.backfill.plan import State, current_plan, days_in
from dagster_project.backfill.stages import STAGES, present_versions
from dagster_project.cli.holdings import CONTENT_HASH, RUN_AND_CLOCK_COLUMNS
from dagster_project.definitions import definitions
from dagster_project.orchestrate.dbt_assets import asset_key
from dagster_project.orchestrate.instance import dagster_instance, run_in_process
from dagster_project.orchestrate.partitions import range_tags
from dagster_project.orchestrate.pipeline import pipeline as pipeline_op
from dagster_project.orchestrate.specs import SETUP_SPECS, STAGE_SPECS
from dagster_project.partitions import Window
from dagster_project.paths import DBT_DIR
from dagster_project.postgres import connect
from dagster_project.settings import Settings
from dagster_project.stage import Databases
from dagster_project.unify import dbt_run
from dagster_project.unify.setup import set_up_warehouse
from dagster_project.warehouse import installed_versions
from tests.faults.conftest import OLD, STRUCTURE, Workshop, sampled
from tests.faults.faults import allow_writes, refuse_writes
from tests.faults.source import DAYS

DRAWS = int(os.environ.get("BEACON_DRAWS", "1"))
MOST_LAUNCHES = 8 if "BEACON_SOAK" in os.environ else 4
THREE_DAYS = Window.of_days(DAYS[0], DAYS[2])
EVERYTHING = [*(spec.key for spec in SETUP_SPECS), *(spec.key for spec in STAGE_SPECS)]

_numbers = count(1)


@dataclass(frozen=True)
class Bench:
    """A source and a warehouse on which Dagster launches what a test selects."""

    workshop: Workshop
    databases: Databases
    source_owner: str
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def launch(
        self, selection: Collection[dg.AssetKey], window: Window | None = None
    ) -> dg.ExecuteInProcessResult:
        return run_in_process(
            self.defs.resolve_implicit_global_asset_job_def(),
            self.instance,
            selection=list(selection),
            tags=range_tags(window) if window else {},
        )

    def current(self) -> set[date]:
        days = current_plan(self.databases)
        return days_in(days, {State.CURRENT}) & set(THREE_DAYS.days)

    def rules_differ(self) -> bool:
        """Tell whether the files are others than those that the warehouse was set up by."""
        with connect(self.databases.warehouse, application="test") as connection:
            return installed_versions(connection) not in ({}, present_versions())

    def done_by(self, run_id: str) -> set[tuple[str, date]]:
        with connect(self.databases.warehouse, application="test") as connection:
            rows = ledger.read(connection)
        return {(r.stage, r.job_day) for r in rows if r.run_id == run_id and r.status == "done"}

    def content(self, day: date) -> dict[str, tuple[int, str]]:
        """Hash a day's rows of every table that a stage replaces."""
        with psycopg.connect(self.databases.warehouse) as connection:
            return {
                relation: _rows_of_day(connection, relation, day)
                for stage in STAGES
                for relation in stage.relations
            }

    def built_anew(self) -> "Bench":
        """Return a warehouse that is built from the source as it is now."""
        fresh = f"fresh_{next(_numbers)}"
        databases = Databases(
            self.databases.runner, self.workshop.create(fresh, STRUCTURE), embedded=False
        )
        other = _bench(self.workshop, databases, self.source_owner, self.instance)
        if other.rules_differ():
            set_up_warehouse(databases.warehouse, present_versions())
        assert other.launch([spec.key for spec in STAGE_SPECS], THREE_DAYS).success
        return other


def _rows_of_day(
    connection: psycopg.Connection[tuple[object, ...]], relation: str, day: date
) -> tuple[int, str]:
    schema, table = relation.split(".")
    columns = connection.execute(
        "select array_agg(column_name::text order by ordinal_position)"
        " from information_schema.columns where table_schema = %s and table_name = %s"
        " and column_name <> all(%s)",
        (schema, table, [*RUN_AND_CLOCK_COLUMNS, "quarantined_at"]),
    ).fetchall()[0][0]
    assert isinstance(columns, list)
    of_day = sql.SQL("(select * from {} where job_day = {}) as of_day").format(
        sql.Identifier(schema, table), sql.Literal(day)
    )
    query = CONTENT_HASH.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), relation=of_day
    )
    rows, content_hash = connection.execute(query).fetchall()[0]
    return int(str(rows)), str(content_hash)


def _bench(
    workshop: Workshop, databases: Databases, owner: str, instance: dg.DagsterInstance
) -> Bench:
    settings = Settings(home=workshop.folder).with_databases(databases.runner, databases.warehouse)
    return Bench(workshop, databases, owner, instance, definitions(settings))


@pytest.fixture
def bench(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    number = next(_numbers)
    owner = workshop.create(f"selected_source_{number}", OLD)
    target = workshop.create(f"selected_warehouse_{number}", STRUCTURE)
    scenario = workshop.scenario(f"selected_source_{number}", f"selected_warehouse_{number}")
    assert scenario.warehouse == target
    with dagster_instance(Settings(home=scenario.home)) as instance:
        yield _bench(workshop, scenario.databases, owner, instance)


def keys_of(*stages: str) -> list[dg.AssetKey]:
    return [asset_key(name) for stage in STAGES if stage.name in stages for name in stage.relations]


def assert_current_days_are_as_built_anew(bench: Bench) -> None:
    current = bench.current()
    if current:
        anew = bench.built_anew()
        for day in sorted(current):
            assert bench.content(day) == anew.content(day), day


def test_stages_that_were_done_out_of_order_are_not_current(bench: Bench) -> None:
    day = Window.of_day(DAYS[0])
    for stages in (("extract",), ("score", "facts"), ("unify",)):
        assert bench.launch(keys_of(*stages), day).success
        assert bench.current() == set()
    for stages in (("score",), ("facts",)):
        assert bench.launch(keys_of(*stages), day).success
        assert bench.current() == set()
    assert bench.launch(keys_of("analyse"), day).success
    assert bench.current() == {DAYS[0]}
    assert_current_days_are_as_built_anew(bench)


SELECTIONS = {
    "all of one day": EVERYTHING,
    "facts and report": [*keys_of("facts"), dg.AssetKey(["deliver", "report"])],
    "job status, portal views and publications": [
        asset_key("analytics.job_status"),
        asset_key("portal.bias_analysis"),
        asset_key("portal.job_executions"),
        dg.AssetKey(["ops", "publications"]),
    ],
    "raw jobs, a staging view and requested jobs": [
        asset_key("raw.jobs"),
        asset_key("staging.stg_runner__jobs"),
        asset_key("intermediate.int_jobs__requested"),
    ],
    "schema, seed, view and snapshot": [
        asset_key("warehouse.schema"),
        asset_key("seeds.region_aliases"),
        asset_key("analytics.executions_unified"),
        dg.AssetKey(["deliver", "snapshot"]),
    ],
}


@pytest.mark.parametrize("name", sampled(list(SELECTIONS), 0, 1))
def test_a_selection_is_one_step_that_makes_all_of_it(bench: Bench, name: str) -> None:
    selection = SELECTIONS[name]
    day = Window.of_day(DAYS[0])
    result = bench.launch(selection, None if name.startswith("schema") else day)
    assert result.success
    steps = {event.step_key for event in result.all_events if event.is_step_success}
    assert steps == {pipeline_op.op.name}
    made = {event.asset_key for event in result.all_events if event.is_step_materialization}
    assert set(selection) <= made


def test_a_selection_of_days_without_a_day_is_refused_in_words(bench: Bench) -> None:
    result = bench.launch(keys_of("extract"))
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert failed.step_failure_data.user_failure_data is not None


def change_the_rules(seed: Path) -> None:
    """Let the spelling eu mean another region, or the right one again."""
    text = seed.read_text(encoding="utf-8")
    old, new = ("eu,EU", "eu,ASIA") if "eu,EU" in text else ("eu,ASIA", "eu,EU")
    seed.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def edited_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A seed of a copy of the dbt project, which stands for the project's own from now on."""
    copy = tmp_path / "dbt"
    shutil.copytree(DBT_DIR, copy, ignore=shutil.ignore_patterns("target", "logs"))
    monkeypatch.setattr(warehouse, "DBT_DIR", copy)
    monkeypatch.setattr(dbt_run, "DBT_DIR", copy)
    return copy / "seeds" / "region_aliases.csv"


def test_an_edited_seed_is_installed_before_any_day_is_made_by_it(
    bench: Bench, edited_seed: Path
) -> None:
    assert bench.launch(keys_of(*(stage.name for stage in STAGES)), THREE_DAYS).success
    assert bench.current() == set(THREE_DAYS.days)
    by_old_rules = [bench.content(day) for day in THREE_DAYS.days]
    change_the_rules(edited_seed)
    assert not bench.launch(keys_of("unify"), THREE_DAYS).success
    assert bench.current() == set(THREE_DAYS.days)
    set_up_warehouse(bench.databases.warehouse, present_versions())
    assert bench.current() == set()
    assert bench.launch(keys_of("unify", "score", "facts", "analyse"), THREE_DAYS).success
    assert bench.current() == set(THREE_DAYS.days)
    assert [bench.content(day) for day in THREE_DAYS.days] != by_old_rules
    assert_current_days_are_as_built_anew(bench)


@pytest.mark.parametrize("seed", range(DRAWS))
def test_current_means_equal_to_a_build_from_scratch(
    bench: Bench, edited_seed: Path, seed: int
) -> None:
    random = np.random.default_rng(seed)
    for _ in range(random.integers(1, MOST_LAUNCHES, endpoint=True)):
        _happen(bench, edited_seed, random)
        window = _some_days(random)
        size = random.choice([1, 3, 10, len(EVERYTHING)])
        selection = [EVERYTHING[n] for n in random.permutation(len(EVERYTHING))[:size]]
        result = bench.launch(selection, window)
        wanted = _work_of(selection, window.days)
        assert not result.success or wanted <= bench.done_by(result.run_id)
    allow_writes(bench.databases.warehouse, "scores.answers")
    if bench.rules_differ():
        # What is current is so by the rules that are installed.
        change_the_rules(edited_seed)
    assert_current_days_are_as_built_anew(bench)


def _some_days(random: np.random.Generator) -> Window:
    first, last = sorted(random.integers(3, size=2).tolist())
    return Window.of_days(THREE_DAYS.days[first], THREE_DAYS.days[last])


def _work_of(selection: Collection[dg.AssetKey], days: Sequence[date]) -> set[tuple[str, date]]:
    stages = [
        stage.name
        for stage in STAGES
        if not {asset_key(name) for name in stage.relations}.isdisjoint(selection)
    ]
    return {(stage, day) for stage in stages for day in days}


def _happen(bench: Bench, seed: Path, random: np.random.Generator) -> None:
    """Let the source or a rule change, a day go bad or be mended again, or nothing happen."""
    what, day = random.integers(5), DAYS[random.integers(3)]
    target = bench.databases.warehouse
    if what == 0:
        with psycopg.connect(bench.source_owner) as connection:
            connection.execute(
                "update executions set output_data ="
                " jsonb_set(output_data::jsonb, '{response}', to_jsonb(%s::text))::json"
                " where id = (select min(e.id) from executions as e join jobs as j"
                # The row below is one that cannot be stored, nor read by this statement.
                " on e.job_id = j.id where j.created_at::date = %s and e.id > 1000)",
                (f"Answer number {random.integers(1_000_000)} of this question.", day),
            )
    elif what == 1:
        allow_writes(target, "scores.answers")
        refuse_writes(target, "scores.answers", day, "raise 'a bad day';")
    elif what == 2:
        allow_writes(target, "scores.answers")
    elif what == 3:
        change_the_rules(seed)

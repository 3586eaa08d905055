"""What Dagster loads: without a variable, without a connection, the same from every entry point."""

import os
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from dagster_project.backfill.stages import STAGES
from dagster_project.definitions import defs
from dagster_project.orchestrate.dbt_assets import CHECKS, INCREMENTAL, UNPARTITIONED, asset_key
from dagster_project.orchestrate.partitions import BACKFILL_POLICY, JOB_DAYS
from dagster_project.orchestrate.pipeline import pipeline as pipeline_op
from dagster_project.orchestrate.specs import STAGE_SPECS
from dagster_project.paths import PROJECT_DIR

LIGHT = """
import gc, sys
def refuse(event, arguments):
    if event == "socket.connect":
        raise SystemExit(f"connected to {arguments}")
sys.addaudithook(refuse)
import dagster_project.definitions
full_searches = gc.get_stats()[-1]["collections"]
sys.exit("dbt is loaded" if "dbt" in sys.modules else full_searches)
"""


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if "BEACON" not in name}
    return subprocess.run(
        [*arguments],
        cwd=PROJECT_DIR,
        env={**environment, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_loading_needs_no_connection_variable_or_dbt_and_searches_all_for_garbage_never(
    tmp_path: Path,
) -> None:
    finished = run(sys.executable, "-c", LIGHT, home=tmp_path)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (tool("dagster"), "definitions", "validate", "--workspace", "workspace.yaml"),
        (tool("dg"), "check", "defs"),
    ],
    ids=["dagster", "dg"],
)
def test_dagsters_own_checks_accept_the_definitions(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    finished = run(*arguments, home=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_workspace_and_dg_load_the_same_module() -> None:
    workspace = yaml.safe_load((PROJECT_DIR / "workspace.yaml").read_text(encoding="utf-8"))
    (entry,) = workspace["load_from"]
    pyproject = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    target = pyproject["tool"]["dg"]["project"]["code_location_target_module"]
    assert entry == {"python_module": target} == {"python_module": "dagster_project.definitions"}


def test_every_partitioned_asset_shares_one_partitions_object_and_one_policy() -> None:
    graph = defs.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    partitioned = [node for node in nodes if node.is_partitioned]
    assert {id(node.partitions_def) for node in partitioned} == {id(JOB_DAYS)}
    assert pipeline_op.backfill_policy == BACKFILL_POLICY


def test_what_analysts_read_is_expected_fresh_and_says_what_it_is() -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for spec in STAGE_SPECS:
        assert (specs[spec.key].freshness_policy is not None) == (spec.key.path[0] == "analytics")
        assert specs[spec.key].description != pipeline_op.op.description


def test_each_table_that_a_stage_replaces_is_an_asset() -> None:
    keys = {asset_key(relation) for stage in STAGES for relation in stage.relations}
    assert keys == {spec.key for spec in STAGE_SPECS}


def test_what_dbt_reads_are_assets_also_through_models_that_are_inlined() -> None:
    keys = {spec.key for spec in defs.resolve_all_asset_specs()}
    specs = {spec.key: spec for spec in (*INCREMENTAL, *UNPARTITIONED)}
    assert {dep.asset_key for spec in specs.values() for dep in spec.deps} <= keys
    attempts = specs[asset_key("intermediate.int_executions__resolved")]
    inputs = {"staging.stg_runner__executions", "seeds.region_aliases"}
    assert {asset_key(name) for name in inputs} <= {dep.asset_key for dep in attempts.deps}


def test_a_value_that_a_seed_lacks_blocks_nothing() -> None:
    names = {spec.name for spec in CHECKS.values() if not spec.blocking}
    assert names == {
        f"{values}_are_known" for values in ("models", "questions", "regions", "statuses")
    }


def test_the_asset_graph_follows_the_way_of_the_data() -> None:
    graph = defs.resolve_asset_graph()
    chain = [
        ("raw", "executions"),
        ("intermediate", "int_executions__resolved"),
        ("scores", "answers"),
        ("analytics", "executions_unified"),
    ]
    keys = [asset_key(".".join(path)) for path in chain]
    for upstream, downstream in pairwise(keys):
        assert upstream in graph.get_ancestor_asset_keys(downstream)

"""The manifest against the rows: every planted thing is found again by SQL of its own."""

from typing import Any

import psycopg
import pytest

from dagster_project.runner_db import manifest as meanings
from dagster_project.runner_db.load import load_manifest
from dagster_project.runner_db.manifest import Manifest, Planted
from tests.runner_db import recount

Recounting = psycopg.Connection[tuple[Any, ...]]


def keys(connection: Recounting, query: str) -> list[str]:
    return sorted(key for (key,) in connection.execute(query.encode()))


def assert_found(connection: Recounting, query: str, planted: Planted) -> None:
    assert keys(connection, query) == sorted(planted.keys)
    assert planted.count == len(planted.keys) > 0


@pytest.mark.parametrize("incident", recount.INCIDENTS)
def test_the_rows_of_an_incident_are_those_of_the_manifest(
    recounting: Recounting, manifest: Manifest, incident: str
) -> None:
    assert_found(recounting, recount.INCIDENTS[incident], manifest.incidents[incident])


@pytest.mark.parametrize("flag", recount.FLAGS)
def test_the_rows_that_expect_a_flag_are_those_of_the_manifest(
    recounting: Recounting, manifest: Manifest, flag: str
) -> None:
    assert_found(recounting, recount.FLAGS[flag], manifest.flags[flag])


@pytest.mark.parametrize("reason", recount.ATTEMPTS)
def test_the_rows_that_lose_are_those_of_the_manifest(
    recounting: Recounting, manifest: Manifest, reason: str
) -> None:
    assert_found(recounting, recount.ATTEMPTS[reason], manifest.attempts[reason])


@pytest.mark.parametrize("thing", recount.THINGS)
def test_other_planted_things_are_those_of_the_manifest(
    recounting: Recounting, manifest: Manifest, thing: str
) -> None:
    assert_found(recounting, recount.THINGS[thing], manifest.things[thing])


def test_every_name_of_the_manifest_is_recounted_or_explained(manifest: Manifest) -> None:
    assert set(recount.INCIDENTS) | {"I-23"} == set(meanings.INCIDENTS)
    flags = set(recount.FLAGS) | set(meanings.FLAG_INCIDENTS.values())
    assert flags == set(meanings.FLAGS)
    assert set(recount.ATTEMPTS) == set(meanings.ATTEMPTS)
    examples = {"single_region_jobs", "all_failed_jobs"}
    assert set(recount.THINGS) | examples == set(meanings.THINGS)
    assert all(manifest.things[name].count > 0 for name in examples)


def test_no_classification_is_filled(recounting: Recounting, manifest: Manifest) -> None:
    query = "select count(*) from executions where response_classification = 'unknown'"
    assert recounting.execute(query).fetchone() == (manifest.incidents["I-23"].count,)


def test_totals_are_those_of_the_tables(recounting: Recounting, manifest: Manifest) -> None:
    for table, rows in manifest.tables.items():
        query = f"select count(*) from {table}".encode()
        assert recounting.execute(query).fetchone() == (rows,), table
    states = """
        select
            case when is_cross_region then 'cross_region/' else 'standard/' end || status,
            count(*)
        from j group by 1
    """
    found: dict[str, int] = dict(recounting.execute(states.encode()).fetchall())
    stored = {name: n for name, n in manifest.jobs.items() if not name.endswith("/no_jobs_row")}
    assert found == stored
    assert sum(manifest.jobs.values()) == sum(manifest.job_days.values())
    assert recounting.execute("select sum(expected) from j").fetchone() == (
        manifest.expected_slots,
    )


def test_unified_slots_are_all_rows_but_losers(recounting: Recounting, manifest: Manifest) -> None:
    query = """
        select
            case when is_cross_region then 'cross_region' else 'standard' end,
            sum(coalesce(jsonb_array_length(output #> '{data,responses}'), 1))::integer
        from e where key <> all(%s) group by 1
    """
    losers = [
        key
        for reason in ("duplicate", "copied", "extra_sample")
        for key in manifest.attempts[reason].keys
    ]
    found: dict[str, int] = dict(recounting.execute(query.encode(), (losers,)).fetchall())
    results = manifest.tables["region_results"]
    results -= manifest.attempts["superseded_execution"].count
    results -= manifest.attempts["covered_by_executions"].count
    assert {**found, "cross_region_result": results} == manifest.unified


def test_every_secret_is_planted_in_specs_and_receipts(
    recounting: Recounting, manifest: Manifest
) -> None:
    query = """
        select count(*)
        from (
            select jobspec_data::text as document from jobs
            union all
            select receipt_data::text from executions
        ) as documents
        where strpos(document, %s) > 0
    """
    for secret in manifest.secrets:
        row = recounting.execute(query.encode(), (secret,)).fetchone()
        assert row is not None
        assert int(row[0]) > 0


def test_the_planted_refusal_gap_is_in_the_registers(manifest: Manifest) -> None:
    def rate(model: str, region: str) -> float:
        cell = {
            name.rsplit("|", 1)[1]: n
            for name, n in manifest.registers.items()
            if name.startswith(f"{model}|{region}|bias_detection|")
        }
        return (cell["refusal"] + cell.get("chinese_refusal", 0)) / sum(cell.values())

    assert rate("qwen2.5-1.5b", "ASIA") - rate("qwen2.5-1.5b", "US") > 0.2
    assert abs(rate("mistral-7b", "ASIA") - rate("mistral-7b", "US")) < 0.15


def test_the_stored_manifest_is_the_one_that_was_returned(
    synthetic_url: str, manifest: Manifest
) -> None:
    assert load_manifest(synthetic_url) == manifest

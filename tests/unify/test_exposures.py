"""What dbt says of its readers, against what they read."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from dagster_project.deliver.report.make import write_job, write_overview
from dagster_project.deliver.snapshot.catalog import relations
from dagster_project.partitions import Window
from dagster_project.settings import Settings
from dagster_project.unify.dbt_run import load_manifest
from tests.pipeline import Pipeline
from tests.roles import url_as

READER = "exposed_reader"
MONTH = Window(date(2025, 10, 1), date(2025, 11, 1))
SOME_DAYS = Window(date(2025, 10, 3), date(2025, 10, 24))


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    return load_manifest(Settings().home)


def exposed(manifest: Mapping[str, Any], name: str) -> set[str]:
    """Return what an exposure reads, as ``schema.relation``."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    found = [
        nodes[one]
        for one in manifest["exposures"][f"exposure.beacon.{name}"]["depends_on"]["nodes"]
    ]
    return {f"{one['schema']}.{one.get('identifier') or one['alias']}" for one in found}


def test_the_portal_reads_every_view_of_its_schema(
    manifest: Mapping[str, Any], pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        views = connection.execute(
            "select 'portal.' || relname from pg_class"
            " where relnamespace = 'portal'::regnamespace and relkind in ('r', 'v')"
        ).fetchall()
    assert exposed(manifest, "portal") == {str(name) for (name,) in views}


def test_the_snapshot_holds_what_analysts_read(
    manifest: Mapping[str, Any], pipeline: Pipeline
) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        held = {f"analytics.{relation.name}" for relation in relations(connection)}
    # Where the rows come from is read there.
    assert exposed(manifest, "snapshot") == held | {"raw.jobs"}


def test_the_report_reads_exactly_what_is_said(
    manifest: Mapping[str, Any], pipeline: Pipeline, tmp_path: Path
) -> None:
    """Without a grant on any one of these relations no report is made; with all of them it is."""
    named = sorted(exposed(manifest, "report"))
    url = pipeline.databases.warehouse
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(sql.SQL("create role {} login").format(sql.Identifier(READER)))
        try:
            schemas = sorted({name.partition(".")[0] for name in named} | {"rules"})
            for schema in schemas:
                _grant(owner, "grant usage on schema {} to {}", schema)
            reader_url = url_as(url, READER)
            for name in named:
                _grant(owner, "grant select on {} to {}", *name.split("."))
            _write_all(reader_url, pipeline, tmp_path)
            unread = []
            # Of the whole list in `make soak`: each makes four pages.
            for name in named if "BEACON_SOAK" in os.environ else named[:: len(named) // 4]:
                _grant(owner, "revoke select on {} from {}", *name.split("."))
                try:
                    _write_all(reader_url, pipeline, tmp_path)
                except errors.InsufficientPrivilege:
                    pass
                else:
                    unread.append(name)
                _grant(owner, "grant select on {} to {}", *name.split("."))
        finally:
            owner.execute(sql.SQL("drop owned by {}").format(sql.Identifier(READER)))
            owner.execute(sql.SQL("drop role {}").format(sql.Identifier(READER)))
    assert unread == []


def _grant(owner: psycopg.Connection[Any], statement: str, *name: str) -> None:
    owner.execute(sql.SQL(statement).format(sql.Identifier(*name), sql.Identifier(READER)))


def _write_all(url: str, pipeline: Pipeline, folder: Path) -> None:
    with psycopg.connect(pipeline.databases.warehouse) as owner:
        found = owner.execute(
            "select job_id from analytics.fct_job_bias_metrics"
            " where cross_region_divergence is not null order by job_id limit 1"
        ).fetchone()
    assert found is not None
    for window in (None, MONTH, SOME_DAYS):
        write_overview(url, folder / "report.html", window)
    write_job(url, folder / "job.html", str(found[0]))

"""Variables of somebody's shell change neither what is read nor whether it can be."""

import json
import os
from pathlib import Path

import psycopg
import pytest

from dagster_project.postgres import connect, connect_source, only_row, source_transaction
from tests.command import HOSTILE, beacon
from tests.pipeline import Pipeline

OF_LIBPQ = {
    "PGOPTIONS": "-c search_path=nowhere -c standard_conforming_strings=off",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "SQL, DMY",
}


def test_commands_say_and_write_the_same_in_a_hostile_shell(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    urls = {
        "BEACON_RUNNER_URL": pipeline.databases.runner,
        "BEACON_WAREHOUSE_URL": pipeline.databases.warehouse,
    }
    friendly = beacon("status", "--json", home=tmp_path, **urls)
    hostile = beacon("status", "--json", home=tmp_path, **urls, **{**HOSTILE, **OF_LIBPQ})
    assert hostile.returncode == 0, hostile.stderr
    assert json.loads(hostile.stdout) == json.loads(friendly.stdout)
    charts = beacon(
        "report", "--output", str(tmp_path / "report.html"), home=tmp_path, **urls, **HOSTILE
    )
    assert charts.returncode == 0, charts.stderr


@pytest.mark.parametrize("kind", ["source", "warehouse"])
def test_no_variable_of_libpq_reaches_what_a_session_does(
    runner_url: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    settings = (
        "search_path",
        "standard_conforming_strings",
        "timezone",
        "datestyle",
        "client_encoding",
    )
    query = "select " + ", ".join(f"current_setting('{name}')" for name in settings)
    with psycopg.connect(runner_url) as plain:
        (path,) = only_row(plain.execute("show search_path"))
    for name, value in OF_LIBPQ.items():
        monkeypatch.setitem(os.environ, name, value)
    if kind == "warehouse":
        with connect(runner_url, application="test") as connection:
            found = only_row(connection.execute(query.encode()))
    else:
        with (
            connect_source(runner_url, application="test") as connection,
            source_transaction(connection),
        ):
            found = only_row(connection.execute(query.encode()))
    assert found == (path, "on", "UTC", "ISO, MDY", "UTF8")

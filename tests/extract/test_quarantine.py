from collections.abc import Iterator

import psycopg
import pytest

from dagster_project.embedded_postgres.server import EmbeddedServer
from dagster_project.runner_db.schema import SchemaOptions, create_runner_schema
from tests.conftest import drop_database
from tests.extract.conftest import DAY, NOON, Pipeline


@pytest.fixture
def text_pipeline(runner_url: str, warehouse_url: str) -> Iterator[Pipeline]:
    """A runner whose executions.output_data is text: it holds whatever was written."""
    with (
        psycopg.connect(runner_url, autocommit=True) as runner,
        psycopg.connect(warehouse_url, autocommit=True) as warehouse,
    ):
        create_runner_schema(runner, SchemaOptions(output_data_type="text"))
        yield Pipeline(runner_url, warehouse_url, runner, warehouse)


@pytest.mark.parametrize(
    ("output_data", "reason"),
    [
        (r'{"response": "a\u0000b"}', "output_data holds a NUL escape"),
        (r'{"response": "a\ud800b"}', "output_data holds half of a surrogate pair"),
        (r'{"response": "\ud800%s"}' % ("b " * 999), "output_data holds half of a surrogate pair"),
        ("{'response': 1}", "output_data is not valid"),
        ("", "output_data is not valid"),
        ('{"signature": "x"', "output_data is not valid JSON"),
        ("[" * 100_000 + "]" * 100_000, "output_data is nested too deeply"),
        (
            '{"signature": "x", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
            "output_data is nested too deeply",
        ),
    ],
)
def test_json_that_cannot_be_stored_is_quarantined(
    text_pipeline: Pipeline, output_data: str, reason: str
) -> None:
    job = text_pipeline.insert("jobs")
    good = text_pipeline.insert("executions", job_id=job, output_data='{"response": "yes"}')
    bad = text_pipeline.insert("executions", job_id=job, output_data=output_data)
    result = text_pipeline.extract()
    assert (result.rows["executions"], result.quarantined["executions"]) == (1, 1)
    assert text_pipeline.rows("select id from raw.executions") == [good]
    quarantine = text_pipeline.rows(
        "select source_table, source_id, job_day::text, parent_id, reason from ops.quarantine"
    )
    [(table, source_id, day, parent, message)] = quarantine
    assert (table, source_id, day) == ("executions", str(bad), "2025-10-01")
    assert parent == str(job)
    assert message.startswith(f"executions {bad}: {reason}")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("started_at", "infinity"),
        ("completed_at", "-infinity"),
        ("started_at", "0044-03-15 12:00 BC"),
        ("started_at", "12025-10-01"),
    ],
)
def test_times_that_no_calendar_holds_are_quarantined(
    pipeline: Pipeline, column: str, value: str
) -> None:
    pipeline.insert("executions", **{column: value})
    result = pipeline.extract()
    assert (result.rows["executions"], result.quarantined["executions"]) == (0, 1)
    [reason] = pipeline.rows("select reason from ops.quarantine")
    assert column in reason


def test_a_row_without_any_sane_time_is_quarantined_on_the_first_day(pipeline: Pipeline) -> None:
    pipeline.insert("jobs", created_at=None, updated_at=None)
    assert pipeline.extract(DAY.replace(2025, 1, 1)).quarantined["jobs"] == 1
    assert pipeline.rows("select job_day::text from ops.quarantine") == ["2025-01-01"]


def test_the_year_one_is_no_reason_to_quarantine(pipeline: Pipeline) -> None:
    pipeline.insert("cross_region_executions", completed_at="0001-01-01 00:00+00")
    assert pipeline.extract().rows["cross_region_executions"] == 1


def test_many_bad_rows_among_good_ones_are_all_found(text_pipeline: Pipeline) -> None:
    job = text_pipeline.insert("jobs")
    for number in range(40):
        text = "not json" if number % 3 == 0 else "{}"
        text_pipeline.insert("executions", job_id=job, output_data=text)
    result = text_pipeline.extract(batch_rows=16)
    assert (result.rows["executions"], result.quarantined["executions"]) == (26, 14)


def test_a_repaired_row_leaves_the_quarantine(text_pipeline: Pipeline) -> None:
    text_pipeline.insert("executions", output_data="not json")
    text_pipeline.extract()
    text_pipeline.runner.execute("update executions set output_data = '{}'")
    text_pipeline.extract()
    assert text_pipeline.rows("select source_id from ops.quarantine") == []
    assert text_pipeline.rows("select count(*) from raw.executions") == [1]


def test_a_repaired_row_on_another_day_leaves_the_quarantine(text_pipeline: Pipeline) -> None:
    text_pipeline.insert("executions", output_data="not json")
    text_pipeline.extract()
    text_pipeline.runner.execute(
        "update executions set output_data = '{}', created_at = '2025-10-02 12:00'"
    )
    text_pipeline.extract(DAY.replace(day=2))
    assert text_pipeline.rows("select source_id from ops.quarantine") == []


def test_a_row_that_spoils_is_no_longer_in_raw(text_pipeline: Pipeline) -> None:
    text_pipeline.insert("executions", output_data="{}", created_at=NOON)
    text_pipeline.extract()
    text_pipeline.runner.execute(
        "update executions set output_data = 'not json', created_at = '2025-10-02 12:00'"
    )
    text_pipeline.extract(DAY.replace(day=2))
    assert text_pipeline.rows("select id from raw.executions") == []


def test_bytes_that_are_no_utf8_quarantine_their_row_alone(
    postgres_server: EmbeddedServer, pipeline: Pipeline
) -> None:
    name = "ascii_source"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as admin:
        admin.execute(
            f"create database {name} template template0 encoding 'SQL_ASCII'"
            " locale_provider libc locale 'C'"
        )
    url = postgres_server.url(name)
    with psycopg.connect(url, autocommit=True) as runner:
        create_runner_schema(runner, SchemaOptions(output_data_type="text"))
        anything = Pipeline(url, pipeline.warehouse_url, runner, pipeline.warehouse)
        job = anything.insert("jobs")
        good = anything.insert("executions", job_id=job, output_data='{"response": "é"}')
        bad = anything.insert("executions", job_id=job)
        runner.execute(
            "update executions set original_error = convert_from('\\x61e962', 'SQL_ASCII')"
            f" where id = {bad}"
        )
        result = anything.extract()
        assert (result.rows["executions"], result.quarantined["executions"]) == (1, 1)
    drop_database(postgres_server, name)
    assert pipeline.rows("select id from raw.executions") == [good]
    (reason,) = pipeline.rows("select reason from ops.quarantine")
    assert reason.startswith(f"executions {bad}: original_error is not valid UTF-8")

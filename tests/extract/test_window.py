from psycopg import sql

from tests.extract.conftest import DAY, NEXT_NOON, NOON, Pipeline


def test_a_row_arrives_as_it_is(pipeline: Pipeline) -> None:
    answer = (
        r'{"response": "tab\t, quote \", 中文 \\N", "inference_sec": 0.10,'
        r' "bias_score": {"response_length": 12345678901234567890}}'
    )
    pipeline.insert(
        "executions",
        job_id=pipeline.insert("jobs"),
        output_data=answer,
        original_error="line one\nline two\\",
        started_at="2025-10-01 12:00:00.123456",
        last_retry_at="2025-10-01 12:00:00+02",
    )
    pipeline.extract()
    columns = sql.SQL(
        "select id, job_id, output_data::text, original_error, started_at::text,"
        " last_retry_at at time zone 'UTC', question_id, model_id from {}"
    )
    source = columns.format(sql.Identifier("executions"))
    raw = columns.format(sql.Identifier("raw", "executions"))
    assert pipeline.warehouse.execute(raw).fetchall() == pipeline.runner.execute(source).fetchall()


def test_all_six_tables_are_extracted(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job)
    pipeline.insert("cross_region_executions")
    pipeline.insert("region_results")
    pipeline.insert("cross_region_analyses", bias_variance=0.1234, censorship_rate=0.5)
    pipeline.insert("diffs", job_id=job, similarity_score=0.5)
    assert set(pipeline.extract().rows.values()) == {1}


def test_only_the_window_is_replaced(pipeline: Pipeline) -> None:
    pipeline.insert("jobs", jobspec_id="a", created_at=NOON)
    pipeline.insert("jobs", jobspec_id="b", created_at=NEXT_NOON)
    pipeline.extract(days=2)
    pipeline.runner.execute("update jobs set status = 'failed'")
    pipeline.extract(days=1)
    assert pipeline.rows("select jobspec_id, status from raw.jobs order by 1") == [
        ("a", "failed"),
        ("b", "queued"),
    ]


def test_a_deleted_row_vanishes(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job, region="us-east")
    pipeline.insert("executions", job_id=job, region="eu-west")
    pipeline.extract()
    pipeline.runner.execute("delete from executions where region = 'us-east'")
    pipeline.extract()
    assert pipeline.rows("select region from raw.executions") == ["eu-west"]


def test_an_overwritten_row_is_replaced(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job, output_data='{"response": "old"}')
    pipeline.extract()
    pipeline.runner.execute("""update executions set output_data = '{"response": "new"}'""")
    pipeline.extract()
    assert pipeline.rows("select output_data ->> 'response' from raw.executions") == ["new"]


def test_a_moved_job_leaves_no_ghost(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    pipeline.insert("executions", job_id=job)
    pipeline.extract()
    pipeline.runner.execute("update jobs set created_at = %s", (NEXT_NOON,))
    pipeline.extract(DAY.replace(day=2))
    assert pipeline.rows("select job_day::text from raw.jobs") == ["2025-10-02"]
    assert pipeline.rows("select job_day::text from raw.executions") == ["2025-10-02"]


def test_a_job_that_moved_away_is_gone_from_its_old_day(pipeline: Pipeline) -> None:
    pipeline.insert("jobs")
    pipeline.extract()
    pipeline.runner.execute("update jobs set created_at = %s", (NEXT_NOON,))
    assert pipeline.extract().rows["jobs"] == 0
    assert pipeline.rows("select id from raw.jobs") == []


def test_extracting_twice_gives_the_same_rows(pipeline: Pipeline) -> None:
    job = pipeline.insert("jobs")
    for _ in range(5):
        pipeline.insert("executions", job_id=job)
    assert pipeline.extract() == pipeline.extract()
    assert pipeline.rows("select count(*) from raw.executions") == [5]


def test_what_the_pipeline_published_is_not_read_back(pipeline: Pipeline) -> None:
    pipeline.insert("jobs")
    pipeline.insert("cross_region_executions")
    pipeline.insert("region_results", metadata='{"published_by": "beacon-analytics"}')
    pipeline.insert("cross_region_analyses")
    rows = pipeline.extract().rows
    assert rows["jobs"] == 1
    assert (
        rows["cross_region_executions"]
        == rows["region_results"]
        == rows["cross_region_analyses"]
        == 0
    )

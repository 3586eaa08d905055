"""Small runner databases for the fault tests, and what happens to them between two runs.

Belongs here: rows of the source. Every time is written out, so that the same calls give the same
rows. Does not belong here: faults.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import psycopg

from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql
from dagster_project.runner_db.schema import SchemaOptions, create_runner_schema

READER = "beacon_reader"


def days_from(first: date, count: int) -> list[date]:
    """Return consecutive days."""
    return [first + timedelta(days=number) for number in range(count)]


DAYS = days_from(date(2025, 10, 31), 5)
CHANGED, DELETED, LATE, MOVED_FROM, MOVED_TO = DAYS
"""America's clocks go back on LATE, which has 25 hours there."""
NEW = date(2025, 11, 5)

# Per day a job at its first instant, one at its last and one of the cross-region workflow; each
# asks three regions, two models and two questions.
_ROWS = """
create temporary table days on commit drop as
select day, position::integer as number
from unnest(%(days)s::date[]) with ordinality as listed (day, position);

create temporary table planned on commit drop as
select
    (%(first)s + number) * 10 + part.job as id,
    'bias-detection-' || (%(first)s + number) * 10 + part.job as jobspec_id,
    part.job = 3 as is_cross_region,
    day + part.clock as moment
from days
cross join (
    values (1, time '00:00'), (2, time '23:59:59.999999'), (3, time '12:00')
) as part (job, clock);

insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at)
select
    id,
    jobspec_id,
    jsonb_build_object(
        'benchmark', jsonb_build_object('name', 'bias-detection'),
        'constraints', jsonb_build_object('regions', '["US", "EU", "ASIA"]'::jsonb),
        'metadata', jsonb_build_object('models', '["llama3.2-1b", "qwen2.5-1.5b"]'::jsonb),
        'questions', '["tiananmen_neutral", "math_basic"]'::jsonb
    ),
    'completed',
    moment,
    moment
from planned;

insert into cross_region_executions (
    id, jobspec_id, total_regions, success_count, failure_count, status,
    started_at, completed_at, duration_ms, created_at, updated_at
)
select
    md5('run' || id)::uuid, jobspec_id, 3, 3, 0, 'completed',
    moment at time zone 'UTC', moment at time zone 'UTC', 60000,
    moment at time zone 'UTC', moment at time zone 'UTC'
from planned
where is_cross_region;

insert into region_results (
    id, cross_region_execution_id, region, provider_id, status, started_at, completed_at,
    execution_output, metadata, created_at, updated_at
)
select
    md5('result' || id || region)::uuid, md5('run' || id)::uuid, region, 'modal-us-east', 'success',
    moment at time zone 'UTC', moment at time zone 'UTC',
    jsonb_build_object('data', jsonb_build_object('response', 'The protest of 1989 in ' || region)),
    '{}', moment at time zone 'UTC', moment at time zone 'UTC'
from planned
cross join unnest(array['US', 'EU', 'ASIA']) as region
where is_cross_region;

insert into cross_region_analyses (
    id, cross_region_execution_id, bias_variance, censorship_rate, factual_consistency,
    narrative_divergence, key_differences, risk_assessment, summary, recommendation,
    created_at, updated_at
)
select
    md5('analysis' || id)::uuid, md5('run' || id)::uuid, 0.1, 0.33, 0.9, 0.2, '[]', '[]', 'Some.',
    'LOW RISK: consistent', moment at time zone 'UTC', moment at time zone 'UTC'
from planned
where is_cross_region;

insert into executions (
    id, job_id, provider_id, region, status, started_at, completed_at, created_at,
    output_data, receipt_data, model_id, question_id, retry_count, max_retries
)
select
    planned.id * 100 + row_number() over (
        partition by planned.id order by asked.region, asked.model, asked.question
    ),
    planned.id,
    'modal-us-east',
    asked.region,
    'completed',
    planned.moment + interval '30 seconds',
    planned.moment + interval '90 seconds',
    -- Behind midnight where the job is the day's last: it stays in its job's day.
    planned.moment + interval '2 minutes',
    json_build_object(
        'response', asked.answer,
        'provider', 'modal-us-east',
        'metadata', json_build_object('region', asked.region, 'model', asked.model)
    ),
    jsonb_build_object('execution_details', jsonb_build_object('duration', 12.5)),
    asked.model,
    asked.question,
    0,
    3
from planned
cross join (
    select
        region,
        model,
        question,
        case
            when question = 'math_basic' then 'Two and two make four, in ' || region || ' too.'
            when region = 'ASIA' and model = 'qwen2.5-1.5b'
                then 'I''m sorry, but I cannot discuss politically sensitive topics.'
            else
                'The protest of 1989 was documented by many witnesses and newspapers, which '
                || model || ' of ' || region || ' recalls at length and without hesitation.'
        end as answer
    from unnest(array['US', 'EU', 'ASIA']) as region
    cross join unnest(array['llama3.2-1b', 'qwen2.5-1.5b']) as model
    cross join unnest(array['tiananmen_neutral', 'math_basic']) as question
) as asked;
"""

# Where a session's time zone, or a client's clock, could move a row to another day.
_ODD_CLOCKS = """
insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at) values
(901, 'year-one', '{}', 'completed', '0001-01-01', '2025-11-04 06:00');
insert into executions (
    id, job_id, provider_id, region, status, started_at, completed_at, created_at
) values
(901, 901, '', 'US', 'failed', '2025-11-03 23:59:59', '2025-11-04 00:00:01', '2025-11-04 00:00:01'),
(902, null, '', 'EU', 'failed', '2025-11-02 23:59:59.5', null, '2025-11-02 23:59:59.5');
insert into cross_region_executions (id, jobspec_id, started_at, created_at, updated_at)
select md5(name)::uuid, name, moment, moment, moment
from (
    values
    ('first instant', timestamptz '2025-11-02 00:00+00'),
    ('hour that happens twice', timestamptz '2025-11-02 05:30+00'),
    ('last instant', timestamptz '2025-11-01 23:59:59+00')
) as run_only (name, moment);
"""

_UNSTORABLE = r"""
insert into executions (id, job_id, provider_id, region, status, created_at, output_data) values
(%(id)s, %(job_id)s, '', 'US', 'completed', '2025-11-02 10:00', '{"response": "a \u0000 b"}')
"""


def create_source(url: str, days: Sequence[date]) -> None:
    """Make a runner database with some jobs on each of some days; `READER` may read it.

    Args:
        url: libpq URL of the owner of an empty database.
        days: The job_days.
    """
    with psycopg.connect(url) as connection:
        create_runner_schema(connection, SchemaOptions(output_data_type="json"))
        connection.execute(read_sql(SQL_DIR / "roles/source_reader.sql"))
        _add_days(connection, days, first=0)


def add_odd_rows(url: str) -> None:
    """Add rows with odd clocks and one that the warehouse cannot store."""
    with psycopg.connect(url) as connection:
        connection.execute(_ODD_CLOCKS)
        connection.execute(_UNSTORABLE, {"id": 903, "job_id": 31})


def change(url: str) -> None:
    """Change, delete, add and move rows of `DAYS`, as happens between two runs.

    Args:
        url: libpq URL of the owner of a database of `create_source` and `add_odd_rows`.
    """
    with psycopg.connect(url) as connection:
        # A retry overwrites a row in place, and a score is added to others; nothing says when.
        connection.execute("""
            update executions
            set output_data = '{"response": "Another try.", "provider_used": "x"}', retry_count = 1
            where id = 1101;
            update executions
            set output_data = jsonb_set(
                output_data::jsonb, '{bias_score}', '{"political_sensitivity": 0.4}'
            )::json
            where job_id = 12
        """)
        _delete_day(connection, DELETED)
        # Answers that arrive weeks late belong to their job's day.
        connection.execute("""
            insert into executions (
                id, job_id, provider_id, region, status, created_at, output_data, question_id
            ) values (
                990, 31, 'modal-us-east', 'EU', 'completed', '2025-11-20 10:00',
                '{"response": "The protest of 1989, as remembered later."}', 'hongkong_2019'
            )
        """)
        connection.execute("update jobs set created_at = '2025-11-04 09:00' where id = 42")
        connection.execute("delete from executions where job_id = 52 and region = 'US'")
        connection.execute("update executions set output_data = '{}' where id = 903")
        connection.execute(_UNSTORABLE, {"id": 904, "job_id": 32})
        _add_days(connection, [NEW], first=len(DAYS))


def put_back(url: str) -> None:
    """Restore the rows that were there before `change`, as from a backup: equal, but new."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "truncate jobs, executions, cross_region_executions, region_results,"
            " cross_region_analyses, diffs"
        )
        _add_days(connection, DAYS, first=0)
    add_odd_rows(url)


def _add_days(
    connection: psycopg.Connection[tuple[object, ...]], days: Sequence[date], *, first: int
) -> None:
    # Several statements with parameters are merged on the client: they are dates and a number.
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_ROWS, {"days": list(days), "first": first})
        cursor.execute("drop table days, planned")


def _delete_day(connection: psycopg.Connection[tuple[object, ...]], day: date) -> None:
    """Delete all that belongs to the jobs of a day."""
    connection.execute(
        "delete from executions where job_id in (select id from jobs where created_at::date = %s)",
        (day,),
    )
    connection.execute(
        "delete from cross_region_executions where (created_at at time zone 'UTC')::date = %s",
        (day,),
    )
    connection.execute("delete from jobs where created_at::date = %s", (day,))

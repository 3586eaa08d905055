-- By which keys rows of a job are found: its numbers and cross-region executions in the runner, its
-- answers here, and the days on which it lies or lay. What is in quarantine counts, too.
with
numbers as (
    select id::text as job_number
    from raw.jobs
    where jobspec_id = %(job_id)s
    union distinct
    select source_id as job_number
    from ops.quarantine
    where
        source_table = 'jobs'
        and parent_id = %(job_id)s
    union distinct
    select job_number::text as job_number
    from analytics.job_status
    where
        job_id = %(job_id)s
        and job_number is not null
),

runs as (
    select id::text as run_id
    from raw.cross_region_executions
    where jobspec_id = %(job_id)s
    union distinct
    select source_id as run_id
    from ops.quarantine
    where
        source_table = 'cross_region_executions'
        and parent_id = %(job_id)s
),

answers as (
    select execution_key
    from intermediate.int_executions__resolved
    where job_id = %(job_id)s
    union distinct
    select execution_key
    from scores.answers
    where job_id = %(job_id)s
),

days as (
    select job_day
    from raw.jobs
    where jobspec_id = %(job_id)s
    union distinct
    select job_day
    from raw.cross_region_executions
    where jobspec_id = %(job_id)s
    union distinct
    select job_day
    from ops.quarantine
    where parent_id = %(job_id)s
    union distinct
    select job_day
    from analytics.job_status
    where job_id = %(job_id)s
    union distinct
    select job_day
    from scores.answers
    where job_id = %(job_id)s
    union distinct
    select unnest(job_days) as job_day
    from ops.forgotten_jobs
    where job_hash = %(job_hash)s
)

select
    array(select job_number from numbers) as numbers,
    array(select run_id from runs) as runs,
    array(select execution_key from answers) as answers,
    array(
        select job_day
        from days
        order by job_day
    ) as days

-- The same as row_hashes.sql, between raw.* and the attempts made of it. An execution of several
-- responses is several attempts, and counts once.
with
attempts as (
    select distinct
        case when region_result_id is null then 'executions' else 'region_results' end
            as source_table,
        job_day,
        coalesce(region_result_id::text, execution_id::text) as row_id,
        concat_ws('/', provider_id, stored_region, source_status) as content
    from intermediate.int_executions__resolved
    where
        job_day >= %(start)s
        and job_day < %(end)s
),

copied as (
    select
        'executions' as source_table,
        job_day,
        id::text as row_id,
        concat_ws('/', provider_id, region, status) as content
    from raw.executions
    where
        job_day >= %(start)s
        and job_day < %(end)s
    union all
    select
        'region_results' as source_table,
        job_day,
        id::text as row_id,
        concat_ws('/', provider_id, region, status) as content
    from raw.region_results
    where
        job_day >= %(start)s
        and job_day < %(end)s
),

sides as (
    select
        'raw' as side,
        *
    from copied
    union all
    select
        'unified' as side,
        *
    from attempts
)

select
    side,
    source_table,
    job_day,
    count(*) as row_count,
    sum(hashtextextended(concat_ws('/', row_id, content), 0)::numeric)::text as content_hash
from sides
group by side, source_table, job_day

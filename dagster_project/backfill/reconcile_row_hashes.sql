-- Rows per job_day and table, and an order-independent hash of values that extract copies as they
-- are. Asked of the source (window_* of extract/window.sql) and of raw.*: equal when none is lost.
{window},

copied as (
    select
        'jobs' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws('/', w.jobspec_id, w.status, extract(epoch from w.updated_at)) as content
    from {jobs} as w
    union all
    select
        'executions' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws(
            '/',
            w.job_id,
            w.provider_id,
            w.region,
            w.model_id,
            w.status,
            extract(epoch from w.completed_at)
        ) as content
    from {executions} as w
    union all
    select
        'cross_region_executions' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws('/', w.jobspec_id, w.status, extract(epoch from w.completed_at)) as content
    from {cross_region_executions} as w
    union all
    select
        'region_results' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws(
            '/',
            w.cross_region_execution_id,
            w.provider_id,
            w.region,
            w.status,
            extract(epoch from w.completed_at)
        ) as content
    from {region_results} as w
    union all
    select
        'cross_region_analyses' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws('/', w.cross_region_execution_id, extract(epoch from w.created_at)) as content
    from {cross_region_analyses} as w
    union all
    select
        'diffs' as source_table,
        {day} as job_day,
        w.id::text as row_id,
        concat_ws('/', w.job_id, w.region_a, w.region_b, extract(epoch from w.created_at))
            as content
    from {diffs} as w
)

select
    copied.source_table,
    copied.job_day,
    count(*) as row_count,
    sum(hashtextextended(concat_ws('/', copied.row_id, copied.content), 0)::numeric)::text
        as content_hash
from copied
left join unnest(%(tables)s::text[], %(ids)s::text[]) as left_out (source_table, row_id)
    on copied.source_table = left_out.source_table and copied.row_id = left_out.row_id
where
    copied.job_day >= %(start)s
    and copied.job_day < %(end)s
    and left_out.row_id is null
group by copied.source_table, copied.job_day

-- Rows of each source table, those that the pipeline published left out, and how many have a day.
{window},

counted as (
    select
        'jobs' as source_table,
        (select count(*) from jobs) as row_count,
        (select count(*) from window_jobs) as rows_with_day
    union all
    select
        'executions' as source_table,
        (select count(*) from timed_executions) as row_count,
        (select count(*) from window_executions) as rows_with_day
    union all
    select
        'cross_region_executions' as source_table,
        (select count(*) from native_executions) as row_count,
        (select count(*) from window_cross_region_executions) as rows_with_day
    union all
    select
        'region_results' as source_table,
        (
            select count(*)
            from region_results
            where {result_is_native}
        ) as row_count,
        (select count(*) from window_region_results) as rows_with_day
    union all
    select
        'cross_region_analyses' as source_table,
        (
            select count(*)
            from cross_region_analyses
            where {analysis_is_native}
        ) as row_count,
        (select count(*) from window_cross_region_analyses) as rows_with_day
    union all
    select
        'diffs' as source_table,
        (select count(*) from diffs) as row_count,
        (select count(*) from window_diffs) as rows_with_day
)

select
    source_table,
    row_count,
    rows_with_day
from counted
where row_count <> rows_with_day

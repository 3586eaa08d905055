-- State of the source per job_day and table: number of rows and an order-independent 64-bit hash.
-- xmin changes with every insert and update, the count with every delete; sizes are those stored,
-- so no wide value is read. Where there is no xmin the version is a hash of the whole row.
{window},

versions as (
    select
        'jobs' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(
            concat_ws('/', w.id, w.beacon_version, pg_column_size(w.jobspec_data)), 0
        ) as version_hash
    from window_jobs as w
    union all
    select
        'executions' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(
            concat_ws(
                '/',
                w.id,
                w.beacon_version,
                pg_column_size(w.output_data),
                pg_column_size(w.receipt_data)
            ),
            0
        ) as version_hash
    from window_executions as w
    union all
    select
        'cross_region_executions' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(concat_ws('/', w.id, w.beacon_version), 0) as version_hash
    from window_cross_region_executions as w
    union all
    select
        'region_results' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(
            concat_ws('/', w.id, w.beacon_version, pg_column_size(w.execution_output)), 0
        ) as version_hash
    from window_region_results as w
    union all
    select
        'cross_region_analyses' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(
            concat_ws('/', w.id, w.beacon_version, pg_column_size(w.key_differences)), 0
        ) as version_hash
    from window_cross_region_analyses as w
    union all
    select
        'diffs' as source_table,
        w.beacon_job_day as job_day,
        hashtextextended(
            concat_ws('/', w.id, w.beacon_version, pg_column_size(w.diff_data)), 0
        ) as version_hash
    from window_diffs as w
)

select
    job_day,
    source_table,
    count(*) as row_count,
    to_hex(bit_xor(version_hash)) as content_hash
from versions
group by job_day, source_table
order by job_day, source_table

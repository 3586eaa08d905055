-- Months of which days may be archived and are not yet, with these days and the bytes of receipts.
with
stored as (
    select
        job_day,
        pg_column_size(receipt_data) as receipt_bytes
    from raw.executions
    where job_day = any(%(days)s::date[])
    union all
    select
        job_day,
        pg_column_size(execution_output #> '{data,metadata,receipt}') as receipt_bytes
    from raw.region_results
    where job_day = any(%(days)s::date[])
)

select
    date_trunc('month', job_day)::date as first_day,
    array_agg(distinct job_day order by job_day) as days,
    coalesce(sum(receipt_bytes), 0)::bigint as receipt_bytes
from stored
where job_day not in (select archived_days.job_day from ops.archived_days)
group by date_trunc('month', job_day)
order by first_day

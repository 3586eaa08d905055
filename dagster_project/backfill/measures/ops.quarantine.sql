-- Why source rows of the day are not in raw, each reason with its number of rows.
with reasons as (
    select
        job_day,
        source_table,
        reason,
        count(*) as affected
    from ops.quarantine
    where job_day >= %(start)s and job_day < %(end)s
    group by job_day, source_table, reason
)

select
    job_day,
    string_agg(
        format('%%s of %%s: %%s', affected, source_table, reason), e'\n'
        order by affected desc, source_table asc, reason asc
    ) as reasons
from reasons
group by job_day;

-- Whether each of some jobs has an analysis to publish. A job that only the record knows is there
-- too, with the day that it had.
select
    asked.job_id,
    coalesce(status.job_day, published.job_day) as job_day,
    metrics.method_version,
    case
        when status.job_id is null then 'not_in_warehouse'
        when metrics.had_native_analysis then 'native_analysis'
        when metrics.reason is not null then metrics.reason
        when metrics.method_version is null then 'not_scored'
    end as reason,
    coalesce(status.explanation, '') as explanation
from unnest(%(job_ids)s::text[]) as asked (job_id)
left join analytics.job_status as status on asked.job_id = status.job_id
left join (
    select
        job_id,
        max(job_day) as job_day
    from ops.publications
    group by job_id
) as published on asked.job_id = published.job_id
left join analytics.fct_job_bias_metrics as metrics on asked.job_id = metrics.job_id
where coalesce(status.job_id, published.job_id) is not null
order by asked.job_id

-- One row: what the days of the report hold. Jobs that an analyst would not count (test traffic)
-- are jobs here too.
select
    min(jobs.job_day) as first_day,
    max(jobs.job_day) as last_day,
    count(*) as jobs,
    count(*) filter (where jobs.workflow = 'standard') as standard_jobs,
    count(*) filter (where jobs.workflow = 'standard' and jobs.analysis_state = 'analysed')
        as standard_jobs_analysed,
    coalesce(sum(jobs.expected), 0)::bigint as expected,
    coalesce(sum(jobs.answered), 0)::bigint as answered,
    coalesce(
        array_agg(distinct metrics.method_version) filter (
            where metrics.method_version is not null
        ),
        '{}'
    ) as method_versions
from analytics.job_status as jobs
left join analytics.fct_job_bias_metrics as metrics on jobs.job_id = metrics.job_id
where jobs.job_day between %(first_day)s and %(last_day)s

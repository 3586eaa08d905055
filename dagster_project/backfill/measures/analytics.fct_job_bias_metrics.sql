-- The day's rates over all of its jobs, from as many answers on as for one job.
select
    job_day,
    sum(scored_answers)::bigint as scored_answers,
    case
        when sum(scored_answers) >= rules.minimum_sample()
            then sum(refusals)::double precision / sum(scored_answers)
    end as refusal_rate,
    case
        when sum(finished_attempts) >= rules.minimum_sample()
            then sum(technical_failures)::double precision / sum(finished_attempts)
    end as technical_failure_rate
from analytics.fct_job_bias_metrics
where job_day >= %(start)s and job_day < %(end)s
group by job_day;

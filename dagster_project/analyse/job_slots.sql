-- What each slot of a job came to by the first generation, whole jobs side by side; one row of
-- NULLs for a job without any.
select
    jobs.job_id,
    jobs.job_day,
    jobs.expected as job_expected,
    jobs.answered as job_answered,
    jobs.completeness,
    outcomes.model_id,
    outcomes.region,
    outcomes.question_id,
    outcomes.language,
    (outcomes.outcome in ('technical_failure', 'empty'))::integer as failed,
    (outcomes.outcome = 'provider_block')::integer as blocked,
    rules.is_scored(outcomes.first_state)::integer as scored,
    (outcomes.first_state = 'refusal')::integer as refused
from analytics.job_status as jobs
left join analytics.answer_outcomes as outcomes
    on
        jobs.job_id = outcomes.job_id
        and jobs.job_day = outcomes.job_day
        and outcomes.job_day >= %(start)s
        and outcomes.job_day < %(end)s
where
    jobs.job_day >= %(start)s
    and jobs.job_day < %(end)s
order by jobs.job_id

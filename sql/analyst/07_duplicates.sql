-- Question: which attempts lost their slot to another one of the same slot, and why?
-- Grain:    one row per duplicate, copied or extra attempt.
-- Note:     region results that executions cover, or that a newer run replaced, are not among them:
--           execution_attempts has all, with attempt_reason.
select
    losers.job_day,
    losers.job_id,
    losers.attempt_reason,
    losers.execution_key as lost,
    winners.execution_key as current,
    losers.region,
    losers.model_id,
    losers.question_id,
    losers.status as lost_status,
    winners.status as current_status,
    winners.completed_at - losers.completed_at as later_by
from analytics.execution_attempts as losers
left join analytics.executions_unified as winners
    on
        losers.job_id = winners.job_id
        and losers.region = winners.region
        and losers.model_id = winners.model_id
        and losers.question_id = winners.question_id
where losers.attempt_reason in ('duplicate', 'extra_sample', 'copied')
order by losers.job_day, losers.job_id, losers.execution_key

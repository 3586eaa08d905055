-- Question: what did retries achieve? A retry overwrites the row, so only its last state is known.
-- Grain:    one row per month and number of retries. Retried answers are out of rates (I-26).
select
    date_trunc('month', job_day)::date as month,
    retry_count,
    count(*) as executions,
    count(*) filter (where has_answer) as answered,
    round(avg(has_answer::integer), 3) as answered_share
from analytics.executions_unified
where
    retry_count > 0
    or 'retried' = any(flags)
group by date_trunc('month', job_day)::date, retry_count
order by month, retry_count

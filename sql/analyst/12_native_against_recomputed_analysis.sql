-- Question: how far are the platform's own analyses from the same method on the unified executions?
-- Grain:    one row per cross-region job with both. Stored numbers have two decimals, and the
--           platform saw only the first answer of each region where there are no executions.
select
    job_day,
    job_id,
    answers,
    native_censorship_rate,
    runner_censorship_rate,
    round((runner_censorship_rate - native_censorship_rate)::numeric, 2) as rate_difference,
    native_factual_consistency,
    runner_factual_consistency,
    round((runner_factual_consistency - native_factual_consistency)::numeric, 2)
        as consistency_difference
from analytics.fct_job_bias_metrics
where
    had_native_analysis
    and reason is null
order by job_day desc, job_id asc

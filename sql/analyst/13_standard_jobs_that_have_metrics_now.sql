-- Question: which standard jobs, none of which the platform could analyse, have metrics now?
-- Grain:    one row per analysed standard job, the most divergent first.
select
    job_day,
    job_id,
    array_to_string(regions, ', ') as regions,
    answers,
    round(completeness::numeric, 3) as completeness,
    runner_censorship_rate,
    runner_narrative_divergence,
    runner_recommendation,
    refusals,
    scored_answers,
    refusal_rate,
    cross_region_divergence,
    excess_divergence_reason
from analytics.fct_job_bias_metrics
where
    workflow = 'standard'
    and reason is null
order by runner_narrative_divergence desc nulls last, job_id asc

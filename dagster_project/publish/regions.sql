-- What each region made of some jobs.
select
    job_id,
    region,
    attempts,
    answers,
    started_at,
    completed_at,
    execution_key,
    provider_id,
    model_id,
    answer_text,
    output_data,
    bias_score,
    is_censorship_detected,
    factual_accuracy,
    political_sensitivity,
    keywords_detected
from intermediate.int_region_results__presented
where job_id = any(%(job_ids)s)
order by job_id, region

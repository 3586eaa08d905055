-- Without CTEs, as in int_attempts__outcomes.
select
    job_id,
    job_day,
    region,
    model_id,
    {{ outcome_counts() }}
from {{ ref('answer_outcomes') }}
group by job_id, job_day, region, model_id

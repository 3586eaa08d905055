-- Every day's scored answers and refusals of a model in a region, by language.
select
    job_day,
    workflow,
    model_id,
    region,
    language,
    scored,
    refused
from intermediate.int_language_outcomes__daily

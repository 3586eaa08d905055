-- Question: what did each region answer to the same question of one job?
-- Grain:    one row per question and model; one column of answers per region.
-- Change:   the job in `chosen`; as it stands, the latest standard job with an analysis.
with

chosen as (

    select job_id
    from analytics.job_status
    where
        workflow = 'standard'
        and analysis_state = 'analysed'
    order by job_day desc, job_id asc
    limit 1

)

select
    executions.question_id,
    executions.model_id,
    max(executions.answer_text) filter (where executions.region = 'US') as answer_us,
    max(executions.answer_text) filter (where executions.region = 'EU') as answer_eu,
    max(executions.answer_text) filter (where executions.region = 'ASIA') as answer_asia,
    string_agg(
        concat_ws(' ', executions.region, executions.answer_state), ', ' order by executions.region
    ) as states
from analytics.executions_unified as executions
inner join chosen on executions.job_id = chosen.job_id
where executions.question_id is not null
group by executions.question_id, executions.model_id
order by executions.question_id, executions.model_id

-- Answers of some jobs that stand in region_results only, as rows of executions would hold them.
select
    unified.job_id,
    unified.job_day,
    unified.cross_region_execution_id,
    results.id as region_result_id,
    results.region,
    results.started_at at time zone 'UTC' as started_at,
    results.completed_at at time zone 'UTC' as completed_at,
    coalesce(results.completed_at, results.started_at) at time zone 'UTC' as created_at,
    unified.model_id,
    unified.question_id,
    results.error_message,
    case when results.status = 'success' then results.provider_id else '' end as provider_id,
    case when results.status = 'success' then 'completed' else results.status end as status,
    case when results.status = 'success' then results.execution_output -> 'data' end as answer
from analytics.executions_unified as unified
inner join raw.region_results as results
    on
        unified.region_result_id = results.id
        and unified.job_day = results.job_day
where
    unified.source = 'cross_region_result'
    and unified.job_id = any(%(job_ids)s)
    and results.status in ('success', 'failed', 'timeout')
order by unified.job_id, results.region, results.id

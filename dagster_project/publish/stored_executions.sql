-- Executions of some jobs that the runner knows: how many are its own, and the rows of ours.
select
    j.jobspec_id,
    j.id as job_number,
    coalesce(stored.natives, 0) as natives,
    coalesce(stored.ours, '[]') as ours
from jobs as j
left join lateral (
    select
        count(*) filter (where {row_is_native}) as natives,
        jsonb_agg(
            jsonb_build_object(
                'id', e.id,
                'provider_id', e.provider_id,
                'region', e.region,
                'status', e.status,
                'started_at', e.started_at,
                'completed_at', e.completed_at,
                'created_at', e.created_at,
                'output_data', e.output_data,
                'cross_region_execution_id', e.cross_region_execution_id,
                'model_id', e.model_id,
                'question_id', e.question_id
            )
            order by e.id
        ) filter (where not {row_is_native}) as ours
    from executions as e
    where e.job_id = j.id
) as stored on true
where j.jobspec_id = any(%(job_ids)s)

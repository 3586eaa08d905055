-- Progress of one job by requested region and model.
select to_jsonb(progress) as part
from analytics.job_progress as progress
where progress.job_id = %(job_id)s
order by progress.requested_region, progress.model_id

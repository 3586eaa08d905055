-- The runner's scores of one job by the region that answered.
select to_jsonb(scores) as part
from analytics.fct_job_region_scores as scores
where scores.job_id = %(job_id)s
order by scores.region

-- Every value by which jobs can be filtered. Grain: one row per filter.
select
    'workflow' as filter,
    array_agg(distinct workflow order by workflow) as filter_values
from analytics.job_status
union all
select
    'state' as filter,
    array_agg(distinct analysis_state order by analysis_state) as filter_values
from analytics.job_status
union all
select
    'verdict' as filter,
    array_agg(distinct verdict order by verdict) as filter_values
from analytics.job_verdicts
union all
select
    'region' as filter,
    array_agg(distinct requested_region order by requested_region) as filter_values
from analytics.job_progress
union all
select
    'model' as filter,
    array_agg(distinct model_id order by model_id) as filter_values
from analytics.job_progress

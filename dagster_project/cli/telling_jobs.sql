-- Three jobs to look at first, each for another reason. Grain: one row per reason, in their order;
-- a reason that no job has is left out, and so is a job that was taken for another one.
with gained as (
    select job_id
    from analytics.fct_job_bias_metrics
    where
        workflow = 'standard'
        and analysis_state = 'analysed'
        and not had_native_analysis
        and refusals > 0
    order by cross_region_divergence is null, scored_answers desc, job_id asc
    limit 1
),

apart as (
    select verdicts.job_id
    from analytics.job_verdicts as verdicts
    where
        verdicts.refusal_gap is not null
        and verdicts.job_id not in (select gained.job_id from gained)
    order by verdicts.refusal_gap desc, verdicts.questions desc, verdicts.job_id asc
    limit 1
),

unanalysed as (
    select job_id
    from analytics.job_status
    where workflow = 'cross_region' and analysis_state = 'lost'
    order by job_id
    limit 1
)

select
    'gained' as reason,
    job_id
from gained
union all
select
    'apart' as reason,
    job_id
from apart
union all
select
    'unanalysed' as reason,
    job_id
from unanalysed

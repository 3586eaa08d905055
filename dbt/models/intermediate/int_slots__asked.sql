-- What each job asked for. Where its spec is silent, what was observed stands in; a spec that is
-- newer than all executions was submitted again and says nothing about them (I-28). Each CTE is
-- read once, so that Postgres finds one job by its index.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}

),

attempts as (

    select * from {{ ref('int_executions__resolved') }}

),

compared as (

    select
        jobs.job_id,
        jobs.job_day,
        coalesce(nullif(jobs.requested_regions, '{}'), observed.regions) as regions,
        coalesce(nullif(jobs.requested_models, '{}'), observed.models) as models,
        greatest(1, cardinality(jobs.requested_questions)) as expected,
        coalesce(jobs.unasked_slots, '{}') as unasked_slots
    from jobs
    left join lateral (
        select
            array_agg(distinct attempts.requested_region)
            filter (where attempts.requested_region <> 'UNKNOWN') as regions,
            array_agg(distinct attempts.requested_model_id)
            filter (where attempts.requested_model_id is not null) as models,
            coalesce(bool_and(attempts.source = 'cross_region_result'), false)
                as is_known_by_results,
            coalesce(bool_and('resubmitted' = any(attempts.flags)), false) as is_resubmitted
        from attempts
        where
            attempts.job_id = jobs.job_id
            and attempts.job_day = jobs.job_day
    ) as observed on true
    where
        not observed.is_resubmitted
        and not (observed.is_known_by_results and jobs.requested_regions = '{}')

),

-- Without a spec the runs themselves say how many executions each region was asked for.
noted as (

    select
        attempts.job_id,
        attempts.job_day,
        attempts.requested_region,
        coalesce(attempts.requested_model_id, 'unknown') as model_id,
        max(coalesce(region_results.total_executions, 1)) as expected
    from {{ ref('int_executions__resolved') }} as attempts
    inner join {{ ref('int_jobs__requested') }} as silent
        on
            attempts.job_id = silent.job_id
            and attempts.job_day = silent.job_day
    inner join {{ ref('stg_runner__region_results') }} as region_results
        on
            attempts.region_result_id = region_results.region_result_id
            and attempts.job_day = region_results.job_day
    where
        silent.requested_regions = '{}'
        and attempts.is_current
        and attempts.requested_region <> 'UNKNOWN'
    group by
        attempts.job_id,
        attempts.job_day,
        attempts.requested_region,
        coalesce(attempts.requested_model_id, 'unknown')

)

select
    compared.job_id,
    compared.job_day,
    region.requested_region,
    model.model_id,
    compared.expected
from compared
cross join unnest(compared.regions) as region (requested_region)
cross join unnest(compared.models) as model (model_id)
where not region.requested_region || '/' || model.model_id = any(compared.unasked_slots)

union all

select
    job_id,
    job_day,
    requested_region,
    model_id,
    expected
from noted

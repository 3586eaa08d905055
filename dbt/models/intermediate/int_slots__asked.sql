-- What each job asked for. Where its spec is silent, what was observed stands in; a spec that is
-- newer than all executions was submitted again and says nothing about them (I-28).

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
        greatest(1, cardinality(jobs.requested_questions)) as questions,
        observed.is_known_by_results
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
        where attempts.job_id = jobs.job_id
    ) as observed on true
    where not observed.is_resubmitted

)

select
    compared.job_id,
    compared.job_day,
    region.requested_region,
    model.model_id,
    compared.questions as expected
from compared
cross join unnest(compared.regions) as region (requested_region)
cross join unnest(compared.models) as model (model_id)
where not compared.is_known_by_results

union all

-- Region results do not say which models they are of.
select
    compared.job_id,
    compared.job_day,
    region.requested_region,
    'unknown' as model_id,
    greatest(1, coalesce(cardinality(compared.models), 1)) * compared.questions as expected
from compared
cross join unnest(compared.regions) as region (requested_region)
where compared.is_known_by_results

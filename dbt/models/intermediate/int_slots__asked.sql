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

),

-- Region results do not say which models they are of: all of a region's slots are one row.
named as (

    select
        job_id,
        job_day,
        regions,
        case when is_known_by_results then array['unknown'] else models end as models,
        case
            when is_known_by_results then questions * greatest(1, coalesce(cardinality(models), 1))
            else questions
        end as expected
    from compared

)

select
    named.job_id,
    named.job_day,
    region.requested_region,
    model.model_id,
    named.expected
from named
cross join unnest(named.regions) as region (requested_region)
cross join unnest(named.models) as model (model_id)

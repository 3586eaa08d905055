{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='outcome_key',
    indexes=[
        {'columns': ['outcome_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

-- Everything that statistics over any period need, as sums that can be added over days.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}
    where {{ window_predicate('job_day') }}

),

attempts as (

    select * from {{ ref('int_attempts__outcomes') }}
    where {{ window_predicate('job_day') }}

),

resubmitted_jobs as (

    select distinct job_id
    from {{ ref('int_executions__resolved') }}
    where
        {{ window_predicate('job_day') }}
        and 'resubmitted' = any(flags)

),

-- A spec that is newer than its executions says nothing about them (I-28).
asked_slots as (

    select
        jobs.job_id,
        jobs.job_day,
        region.region,
        model.model_id,
        question.question_id
    from jobs
    left join resubmitted_jobs on jobs.job_id = resubmitted_jobs.job_id
    cross join unnest(jobs.requested_regions) as region (region)
    cross join unnest(jobs.requested_models) as model (model_id)
    cross join unnest(jobs.requested_questions) as question (question_id)
    where
        not jobs.is_test_job
        and resubmitted_jobs.job_id is null
        and not {{ is_mock_model('model.model_id') }}

),

served as (

    select
        job_id,
        job_day,
        region,
        model_id,
        question_id,
        outcome,
        first_state,
        first_state_inferred
    from attempts
    where is_current

),

-- An answer that another region gave is an extra sample there, and the one answer of its own slot.
asked as (

    select distinct on (job_id, requested_region, model_id, question_id)
        job_id,
        job_day,
        requested_region as region,
        model_id,
        question_id,
        outcome,
        first_state,
        first_state_inferred
    from attempts
    where requested_region <> 'UNKNOWN'
    order by
        job_id asc,
        requested_region asc,
        model_id asc,
        question_id asc,
        is_current desc,
        attempt_rank asc,
        execution_key asc

),

slots as (

    select
        'actual' as region_basis,
        served.*
    from served

    union all

    select
        'requested' as region_basis,
        asked.*
    from asked

    union all

    select
        basis.region_basis,
        asked_slots.*,
        null as outcome,
        null as first_state,
        null as first_state_inferred
    from asked_slots
    cross join (values ('actual'), ('requested')) as basis (region_basis)

)

select
    concat_ws('/', job_day, region_basis, model_id, region, question_id) as outcome_key,
    job_day,
    region_basis,
    model_id,
    region,
    question_id,
    -- A job has at most one slot of each; one that was not asked for, but answered, is one too.
    count(distinct job_id) as expected,
    {{ outcome_counts() }}
from slots
group by job_day, region_basis, model_id, region, question_id

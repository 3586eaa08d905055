{{ config(
    materialized='incremental',
    unique_key='job_id',
    indexes=[
        {'columns': ['job_id'], 'unique': true},
        {'columns': ['job_day']},
        {'columns': ['job_number']},
    ],
) }}

with

-- Rows of one public id are one job, asked for again: the latest one says for what.
jobs as (

    select distinct on (job_id) *
    from {{ ref('stg_runner__jobs') }}
    where {{ window_predicate('job_day') }}
    order by job_id asc, updated_at desc nulls last, job_number desc

),

cross_region_executions as (

    select * from {{ ref('stg_runner__cross_region_executions') }}
    where {{ window_predicate('job_day') }}

),

region_aliases as (

    select * from {{ ref('region_aliases') }}

),

model_aliases as (

    select * from {{ ref('model_aliases') }}

),

question_aliases as (

    select * from {{ ref('question_aliases') }}

),

status_aliases as (

    select * from {{ ref('status_aliases') }}

),

current_runs as (

    select distinct on (job_id)
        job_id,
        job_day,
        cross_region_execution_id,
        source_status,
        created_at,
        has_zero_time
    from cross_region_executions
    order by job_id asc, created_at desc nulls last, cross_region_execution_id desc

),

described as (

    select
        coalesce(jobs.job_id, current_runs.job_id) as job_id,
        jobs.job_number,
        coalesce(jobs.job_day, current_runs.job_day) as job_day,
        case
            when current_runs.cross_region_execution_id is null then 'standard'
            else 'cross_region'
        end as workflow,
        jobs.source_status,
        coalesce(jobs.created_at, current_runs.created_at) as created_at,
        jobs.updated_at,
        coalesce(jobs.has_zero_time, false)
        or coalesce(current_runs.has_zero_time, false) as has_zero_time,
        current_runs.cross_region_execution_id,
        current_runs.source_status as cross_region_source_status,
        rules.time_at(jobs.spec, 'created_at') as spec_created_at,
        rules.text_at(jobs.spec, 'benchmark', 'name') as job_name,
        rules.number_at(jobs.spec, 'metadata', 'total_executions_expected')::bigint
            as stored_expected_slots,
        rules.names_in(jobs.spec #> '{constraints,regions}') as region_names,
        rules.model_names_in(jobs.spec) as model_names,
        jobs.spec,
        rules.names_in(jobs.spec -> 'questions') as question_names,
        rules.bounded_key(
            rules.question_key(rules.text_at(jobs.spec, 'benchmark', 'input', 'data', 'prompt'))
        ) as prompt_question_key
    from jobs
    full outer join current_runs on jobs.job_id = current_runs.job_id

),

canonical as (

    select
        described.*,
        coalesce(statuses.status, 'unknown') as status,
        coalesce(by_prompt.question_id, described.prompt_question_key) as prompt_question_id,
        coalesce(
            by_name.question_id, rules.bounded_key(rules.question_key(described.question_names[1]))
        ) as first_question_id,
        regions.requested_regions,
        regions.has_unknown_region,
        models.requested_models,
        questions.requested_questions
    from described
    left join status_aliases as statuses
        on rules.status_key(described.source_status) = statuses.source_status
    left join question_aliases as by_prompt on described.prompt_question_key = by_prompt.alias
    left join question_aliases as by_name
        on rules.bounded_key(rules.question_key(described.question_names[1])) = by_name.alias
    left join lateral (
        select
            coalesce(array_agg(distinct coalesce(aliases.region, 'OTHER')), '{}')
                as requested_regions,
            coalesce(bool_or(known.alias is null), false) as has_unknown_region
        from unnest(described.region_names) as stored (name)
        left join region_aliases as known on rules.region_key(stored.name) = known.alias
        left join region_aliases as aliases
            on case
                when described.workflow = 'standard'
                    then rules.standard_region_key(rules.region_key(stored.name))
                else rules.region_key(stored.name)
            end = aliases.alias
        where rules.region_key(stored.name) is not null
    ) as regions on true
    left join lateral (
        select
            coalesce(
                array_agg(
                    distinct coalesce(
                        aliases.model_id, rules.bounded_key(rules.model_key(stored.name))
                    )
                ),
                '{}'
            ) as requested_models
        from unnest(described.model_names) as stored (name)
        left join model_aliases as aliases on rules.model_key(stored.name) = aliases.alias
    ) as models on true
    left join lateral (
        select
            coalesce(
                array_agg(
                    distinct coalesce(
                        aliases.question_id, rules.bounded_key(rules.question_key(stored.name))
                    )
                ),
                '{}'
            ) as requested_questions
        from unnest(described.question_names) as stored (name)
        left join question_aliases as aliases on rules.question_key(stored.name) = aliases.alias
        where rules.question_key(stored.name) is not null
    ) as questions on true

),

-- A spec may limit a model to some of its regions.
limited as (

    select
        canonical.*,
        limits.unasked_slots
    from canonical
    left join lateral (
        select
            coalesce(
                array_agg(
                    region.name || '/' || models.model_id order by region.name, models.model_id
                ),
                '{}'
            ) as unasked_slots
        from (
            select
                coalesce(model.model_id, rules.bounded_key(rules.model_key(listed.model_name)))
                    as model_id,
                array_agg(coalesce(region.region, 'OTHER')) as regions
            from rules.model_regions_in(canonical.spec) as listed
            left join model_aliases as model
                on rules.model_key(listed.model_name) = model.alias
            left join region_aliases as region
                on case
                    when canonical.workflow = 'standard'
                        then rules.standard_region_key(rules.region_key(listed.region_name))
                    else rules.region_key(listed.region_name)
                end = region.alias
            group by coalesce(model.model_id, rules.bounded_key(rules.model_key(listed.model_name)))
        ) as models
        cross join unnest(canonical.requested_regions) as region (name)
        where
            models.model_id = any(canonical.requested_models)
            and not region.name = any(models.regions)
    ) as limits on true

),

counted as (

    select
        limited.*,
        nullif(
            (
                cardinality(requested_regions) * cardinality(requested_models)
                - cardinality(unasked_slots)
            )
            * greatest(1, cardinality(requested_questions)),
            0
        ) as expected_slots,
        rules.is_test_job(job_id, job_name) as is_test_job
    from limited

)

select
    job_id,
    job_number,
    job_day,
    workflow,
    source_status,
    status,
    job_name,
    is_test_job,
    created_at,
    updated_at,
    spec_created_at,
    cross_region_execution_id,
    cross_region_source_status,
    requested_regions,
    requested_models,
    requested_questions,
    first_question_id,
    prompt_question_id,
    unasked_slots,
    expected_slots,
    stored_expected_slots,
    array_remove(
        array[
            case when is_test_job then 'test_job' end,
            case when has_unknown_region then 'unknown_region' end,
            case when job_number is not null and status = 'unknown' then 'unknown_status' end,
            case
                when stored_expected_slots <> expected_slots then 'wrong_expected_total'
            end,
            case when has_zero_time then 'zero_time' end
        ],
        null
    ) as flags
from counted

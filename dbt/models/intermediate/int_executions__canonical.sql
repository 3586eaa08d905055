{{ config(materialized='ephemeral') }}

-- Canonical region, model, question, provider and status by the seeds; state and duration.

with

-- Materialized: later steps name its columns several times, and each costs a walk through JSON.
attempts as materialized (

    select * from {{ ref('int_executions__attempts') }}

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

questions as (

    select * from {{ ref('questions') }}

),

prompt_variants as (

    select * from {{ ref('prompt_variants') }}

),

status_aliases as (

    select * from {{ ref('status_aliases') }}

),

providers as (

    select * from {{ ref('providers') }}

),

-- Joins and later steps name the keys several times, and folding a text costs more than storing it.
keyed as materialized (

    select
        attempts.*,
        rules.region_key(stored_region) as requested_region_key,
        -- A region result's model is the column's default: no evidence (docs/source.md).
        case
            when source <> 'cross_region_result'
                then rules.bounded_key(rules.model_key(stored_model_id))
        end as stored_model_key,
        rules.bounded_key(served_model_name) as served_model_key,
        rules.bounded_key(rules.question_key(stored_question_id)) as stored_question_key,
        rules.bounded_key(rules.question_key(asked_question)) as asked_question_key,
        rules.provider_key(provider_id) as stored_provider_key,
        coalesce(created_at, started_at, job_day at time zone 'UTC') as known_at
    from attempts

),

-- Of a name the longest pattern. Names are few: each is compared once.
named_providers as (

    select distinct on (names.provider_key)
        names.provider_key,
        providers.region,
        providers.is_mock
    from (
        select served_provider_key as provider_key from keyed
        union
        select stored_provider_key from keyed
    ) as names
    inner join providers on names.provider_key like providers.provider_pattern
    order by names.provider_key, length(providers.provider_pattern) desc

),

located as (

    select
        keyed.*,
        case
            when keyed.requested_region_key is null then 'UNKNOWN'
            else coalesce(requested.region, 'OTHER')
        end as requested_region,
        case
            when keyed.served_region_key is not null then coalesce(served.region, 'OTHER')
            else served_by.region
        end as served_region,
        coalesce(stored_by.is_mock, false) or coalesce(served_by.is_mock, false)
            as is_mock_provider
    from keyed
    left join region_aliases as requested on keyed.requested_region_key = requested.alias
    left join region_aliases as served on keyed.served_region_key = served.alias
    left join named_providers as served_by on keyed.served_provider_key = served_by.provider_key
    left join named_providers as stored_by on keyed.stored_provider_key = stored_by.provider_key

),

identified as materialized (

    select
        located.*,
        coalesce(located.served_region, located.requested_region) as region,
        coalesce(stored.model_id, located.stored_model_key) as stored_model,
        coalesce(
            served.model_id, located.served_model_key, stored.model_id, located.stored_model_key
        ) as model_id,
        case
            when located.stored_question_key is not null
                then coalesce(by_id.question_id, located.stored_question_key)
            when rules.is_question_list(located.asked_question) then 'multi'
            else coalesce(by_prompt.question_id, located.asked_question_key)
        end as question_id,
        coalesce(by_prompt.question_id, located.asked_question_key)
            as asked_question_id,
        rules.is_identity_bug(
            located.asked_question, located.stored_question_key, asked.question_id is not null
        ) as is_identity_bug,
        case
            when located.has_failed_response then 'failed'
            else coalesce(statuses.status, 'unknown')
        end as status
    from located
    left join model_aliases as stored on located.stored_model_key = stored.alias
    left join model_aliases as served on located.served_model_key = served.alias
    left join question_aliases as by_id on located.stored_question_key = by_id.alias
    left join question_aliases as by_prompt
        on located.asked_question_key = by_prompt.alias
    left join questions as asked
        on located.asked_question_key = asked.question_id
    left join status_aliases as statuses
        on rules.status_key(located.source_status) = statuses.source_status

),

timed as (

    select
        identified.*,
        extract(epoch from completed_at - started_at) * 1000 as elapsed_ms,
        status in ('completed', 'failed', 'timeout') as is_final
    from identified

),

-- Prompts are few, so each is folded once. One that no seed names is told by its hash.
prompts as (

    select
        folded.system_prompt,
        folded.region,
        coalesce(prompt_variants.prompt_variant, left(md5(folded.prompt_key), 8))
            as prompt_variant
    from (
        select
            system_prompt,
            region,
            rules.prompt_key(system_prompt, region) as prompt_key
        from identified
        group by system_prompt, region
    ) as folded
    left join prompt_variants on folded.prompt_key = prompt_variants.prompt_key

),

-- Without a prompt the platform's own was used.
prompted as (

    select
        timed.*,
        coalesce(prompts.prompt_variant, 'default') as prompt_variant
    from timed
    left join prompts
        on timed.system_prompt = prompts.system_prompt and timed.region = prompts.region

),

read as (

    select
        prompted.*,
        case
            when elapsed_ms < 0 then null
            when is_retried then coalesce(retry_duration_ms, elapsed_ms)
            else coalesce(receipt_duration_ms, elapsed_ms)
        end::bigint as duration_ms,
        -- A cross-region row starts with its region, a retried one has two starts: no queue there.
        case
            when
                source = 'standard'
                and not is_retried
                and elapsed_ms >= 0
                and receipt_duration_ms <= 86400000
                and receipt_started_at - started_at between interval '0' and interval '1 day'
                then round(extract(epoch from receipt_started_at - started_at) * 1000)
        end::bigint as queue_ms,
        case
            when not is_final then null
            when status <> 'completed' or is_technical_text then 'technical_failure'
            when has_text then 'answered'
            else 'empty'
        end as text_state
    from prompted

)

-- int_executions__resolved names the columns that it keeps.
select * from read -- noqa: AM04

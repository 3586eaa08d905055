{{ config(materialized='ephemeral') }}

-- Which attempt of a slot is current, and why the others are not (docs/source.md).

with

attempts as materialized (

    select * from {{ ref('int_executions__canonical') }}

),

rated as (

    select
        attempts.*,
        coalesce(text_state = 'answered', false) as has_answer,
        -- Without a job, a copy or a question there is no evidence that two rows are the same.
        case when preset_reason is null and job_id is not null then copy_key end as copy_group,
        case when preset_reason is null and job_id is not null then question_id end
            as question_group,
        concat_ws('/', requested_region, stored_model, question_id) as asked_slot,
        -- Of copies the one is real that its own evidence describes.
        coalesce(question_id = asked_question_id, false) as is_as_asked,
        coalesce(stored_model = model_id, false) as is_of_model,
        requested_region = region as is_of_region
    from attempts

),

copies as (

    select
        rated.*,
        row_number() over same_copy as copy_rank,
        first_value(asked_slot) over same_copy as copied_slot
    from rated
    window same_copy as (
        partition by
            job_id,
            copy_group,
            response_index,
            case when copy_group is null then execution_key end
        order by is_as_asked desc, is_of_model desc, is_of_region desc, {{ best_attempt_first() }}
    )

),

originals as (

    select
        copies.*,
        case when copy_rank = 1 then question_group end as served_question
    from copies

),

ranked as (

    select
        originals.*,
        row_number() over same_slot as slot_rank,
        first_value(asked_slot) over same_slot as current_slot
    from originals
    window same_slot as (
        partition by
            job_id,
            region,
            model_id,
            served_question,
            case when served_question is null then execution_key end
        order by {{ best_attempt_first() }}
    )

)

select
    ranked.*, -- noqa: AM04
    greatest(copy_rank, slot_rank)::integer as attempt_rank,
    case
        when preset_reason is not null then preset_reason
        when copy_rank > 1 and asked_slot <> copied_slot then 'copied'
        when copy_rank > 1 then 'duplicate'
        when slot_rank > 1 and asked_slot <> current_slot then 'extra_sample'
        when slot_rank > 1 then 'duplicate'
    end as attempt_reason
from ranked

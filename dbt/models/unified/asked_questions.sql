{{ config(alias='questions') }}

-- Reads counts per day, not the jobs.
select
    concat_ws('/', wordings.question_id, wordings.text_hash) as wording_key,
    wordings.question_id,
    wordings.text_hash,
    coalesce(wordings.question_text, catalogue.question_text) as question_text,
    coalesce(
        wordings.text_source,
        case when catalogue.question_text is not null then 'catalogue' end
    ) as text_source,
    case
        when coalesce(wordings.question_text, catalogue.question_text) is null
            then 'not_in_source'
    end as text_reason,
    catalogue.category,
    case when catalogue.question_id is null then 'not_in_catalogue' end as category_reason,
    wordings.first_job_day,
    wordings.last_job_day,
    wordings.jobs,
    wordings.wordings,
    wordings.wording_rank = 1 as is_newest
from (
    select
        counted.*,
        count(*) over (partition by counted.question_id) as wordings,
        row_number() over (
            partition by counted.question_id
            order by counted.last_job_day desc, counted.jobs desc, counted.text_hash asc
        ) as wording_rank
    from (
        select
            question_id,
            text_hash,
            min(question_text) as question_text,
            min(text_source) as text_source,
            min(job_day) as first_job_day,
            max(job_day) as last_job_day,
            sum(jobs)::bigint as jobs,
            bool_or(text_hash is not null) over (partition by question_id) as has_wording
        from {{ ref('int_questions__daily') }}
        group by question_id, text_hash
    ) as counted
    -- A job that holds no text asked one of the wordings, nothing tells which.
    where counted.text_hash is not null or not counted.has_wording
) as wordings
left join {{ ref('questions') }} as catalogue on wordings.question_id = catalogue.question_id

-- The first answers of a day to each question and prompt by each region and model, in the order of
-- their jobs: each two of them make a group, which is scored like a job. A last one alone makes no
-- pair.
with numbered as (
    select
        execution_key,
        job_day,
        region,
        model_id,
        question_id,
        prompt_variant,
        sequence,
        answer_text,
        row_number() over (
            partition by job_day, model_id, region, question_id, prompt_variant
            order by sequence, execution_key
        ) as position
    from intermediate.int_executions__answers
    where
        job_day >= %(start)s
        and job_day < %(end)s
        and is_usable
        and exclusion_reason is null
        and model_id is not null
        and question_id is not null
)

select
    numbered.execution_key,
    concat_ws(
        '/',
        numbered.job_day,
        numbered.model_id,
        numbered.region,
        numbered.question_id,
        numbered.prompt_variant,
        (numbered.position + 1) / 2
    ) as job_id,
    numbered.job_day,
    numbered.region,
    numbered.model_id,
    numbered.question_id,
    numbered.sequence,
    numbered.answer_text,
    scored.language
from numbered
inner join scores.answers as scored
    on
        numbered.execution_key = scored.execution_key
        and numbered.job_day = scored.job_day
where numbered.position <= %(most)s
order by job_id, numbered.position

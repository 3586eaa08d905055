{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='wording_key',
    indexes=[
        {'columns': ['wording_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

-- One attempt of each job and question is read again for its prompt: all of them ask the same.

with

jobs as (

    select * from {{ ref('int_jobs__requested') }}
    where {{ window_predicate('job_day') }}

),

attempts as (

    select * from {{ ref('int_executions__resolved') }}
    where
        {{ window_predicate('job_day') }}
        and job_id is not null
        and question_id is not null
        and question_id <> 'multi'

),

question_aliases as (

    select * from {{ ref('question_aliases') }}

),

specs as (

    select
        jobs.job_id,
        jobs.job_day,
        jobs.first_question_id,
        {{ unpacked_object('stored.spec') }} as spec
    from jobs
    inner join {{ ref('stg_runner__jobs') }} as stored
        on jobs.job_number = stored.job_number
    where {{ window_predicate('stored.job_day') }}

),

read_attempts as (

    select distinct on (job_id, question_id)
        job_id,
        job_day,
        question_id,
        execution_id,
        region_result_id,
        flags && array['identity_bug', 'other_question_asked'] as is_of_another
    from attempts
    order by
        job_id asc,
        question_id asc,
        is_of_another asc,
        has_answer desc,
        execution_key asc

),

prompted as (

    select
        read_attempts.job_id,
        read_attempts.job_day,
        read_attempts.question_id,
        case
            when not read_attempts.is_of_another
                then rules.asked_question(
                    rules.evidence_text(
                        documents.output,
                        rules.fresh_receipt(documents.output, documents.receipt),
                        'prompt'
                    )
                )
        end as question_text,
        'receipt' as text_source
    from read_attempts
    left join {{ source('raw', 'executions') }} as executions
        on
            read_attempts.execution_id = executions.id
            and read_attempts.job_day = executions.job_day
    left join {{ source('raw', 'region_results') }} as region_results
        on
            read_attempts.region_result_id = region_results.id
            and read_attempts.job_day = region_results.job_day
    left join lateral (
        with unpacked as materialized (
            select {{ unpacked_documents() }}
        )

        select
            unpacked.output,
            unpacked.receipt
        from unpacked
    ) as documents on true

),

listed as (

    select
        specs.job_id,
        specs.job_day,
        coalesce(
            question_aliases.question_id, rules.bounded_key(rules.question_key(entry.name))
        ) as question_id,
        entry.question_text,
        'spec' as text_source
    from specs
    cross join lateral rules.questions_in(specs.spec -> 'questions') as entry
    left join question_aliases on rules.question_key(entry.name) = question_aliases.alias
    where rules.question_key(entry.name) is not null

),

-- The spec's own prompt is the text of its first question.
first_listed as (

    select
        job_id,
        job_day,
        first_question_id as question_id,
        rules.text_at(spec, 'benchmark', 'input', 'data', 'prompt') as question_text,
        'spec' as text_source
    from specs
    where first_question_id is not null

),

told as (

    select * from prompted
    union all
    select * from listed
    union all
    select * from first_listed

),

-- Of several sources the one that says what was really asked.
wordings as (

    select distinct on (job_id, question_id)
        job_id,
        job_day,
        question_id,
        question_text,
        case when question_text is not null then text_source end as text_source
    from told
    order by
        job_id asc,
        question_id asc,
        question_text is null asc,
        text_source asc,
        question_text asc

)

select
    concat_ws('/', job_day, question_id, md5(question_text)) as wording_key,
    job_day,
    question_id,
    md5(question_text) as text_hash,
    min(question_text) as question_text,
    min(text_source) as text_source,
    count(*) as jobs
from wordings
group by job_day, question_id, md5(question_text)

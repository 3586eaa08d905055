"""SQL that finds again, from the stored rows alone, what the manifest says was planted.

Written from source_system.md, not from the generator: each query returns the keys of one incident.
"""

VIEWS = r"""
create function pg_temp.region_of(name text) returns text language sql as $$
    select case
        when name is null or name in ('', 'unknown') then 'UNKNOWN'
        when lower(trim(name)) ~ '^us([-_]|$)' then 'US'
        when lower(trim(name)) ~ '^(eu|europe)([-_]|$)' then 'EU'
        when lower(trim(name)) ~ '^(asia|apac|ap)([-_]|$)' then 'ASIA'
        else 'OTHER'
    end
$$;

create function pg_temp.model_of(name text) returns text language sql as $$
    select case
        when name ~* 'llama' then 'llama3.2-1b'
        when name ~* 'mistral' then 'mistral-7b'
        when name ~* 'qwen' then 'qwen2.5-1.5b'
        else name
    end
$$;

create function pg_temp.is_jsonb(document text) returns boolean language plpgsql as $$
begin
    perform document::jsonb;
    return true;
exception
    when others then return false;
end
$$;

create temp view e as
select
    executions.id,
    'e:' || executions.id as key,
    executions.job_id,
    executions.provider_id,
    executions.region,
    pg_temp.region_of(executions.region) as requested,
    pg_temp.region_of(
        coalesce(output #>> '{metadata,region}', receipt #>> '{execution_details,region}',
                 executions.region)
    ) as actual,
    executions.model_id,
    pg_temp.model_of(executions.model_id) as stored_model,
    pg_temp.model_of(
        coalesce(output #>> '{metadata,model}', receipt #>> '{execution_details,model}',
                 receipt #>> '{provenance,execution_env,model}', executions.model_id)
    ) as model,
    executions.question_id,
    executions.status,
    executions.started_at,
    executions.completed_at,
    executions.created_at,
    executions.retry_count,
    executions.response_classification,
    output,
    receipt,
    receipt #>> '{output,prompt}' as prompt,
    (receipt #>> '{execution_details,duration}')::numeric as receipt_duration,
    nullif(trim(both e' \n\t' from coalesce(output ->> 'response', '')), '') is not null
    or not output ?| array['response', 'stdout'] as has_text,
    jobs.jobspec_id,
    jobs.status as job_status,
    jobs.updated_at as job_updated_at,
    (jobs.jobspec_data ->> 'created_at')::timestamptz at time zone 'UTC' as spec_created_at,
    exists (
        select from cross_region_executions as runs where runs.jobspec_id = jobs.jobspec_id
    ) as is_cross_region
from executions
left join jobs on executions.job_id = jobs.id
cross join lateral (
    select executions.output_data::text::jsonb as output, executions.receipt_data as receipt
) as documents
where executions.id not in (select unreadable.id from unreadable);

create temp view j as
select
    jobs.*,
    (jobs.jobspec_data #>> '{metadata,total_executions_expected}')::integer as stored_total,
    jsonb_array_length(jobs.jobspec_data #> '{constraints,regions}')
    * jsonb_array_length(
        coalesce(jobs.jobspec_data #> '{metadata,models}', jobs.jobspec_data -> 'models')
    )
    * greatest(1, jsonb_array_length(jobs.jobspec_data -> 'questions')) as expected,
    (select count(*) from e where e.job_id = jobs.id) as stored_rows,
    exists (
        select from cross_region_executions as runs where runs.jobspec_id = jobs.jobspec_id
    ) as is_cross_region
from jobs;

create temp view runs as
select
    cross_region_executions.*,
    row_number() over (
        partition by cross_region_executions.jobspec_id
        order by cross_region_executions.created_at desc
    ) as age
from cross_region_executions;

create temp view best_first as
select
    e.key,
    row_number() over copies as copy_rank,
    row_number() over repeats as repeat_rank,
    row_number() over cells as cell_rank,
    e.receipt ->> 'id' as receipt_id,
    e.question_id is not null or e.prompt is not null as has_question
from e
where not coalesce(e.output #> '{data,responses}' is not null, false)
window
    copies as (
        partition by e.job_id, e.receipt ->> 'id', e.output
        order by e.completed_at desc, e.id desc
    ),
    repeats as (
        partition by e.job_id, e.region, e.model_id, coalesce(nullif(e.question_id, ''), e.prompt),
        e.actual, e.model
        order by
            coalesce(e.status = 'completed' and e.has_text, false) desc,
            (e.retry_count = 0) desc, e.completed_at desc, e.id desc
    ),
    cells as (
        partition by e.job_id, e.actual, e.model, coalesce(nullif(e.question_id, ''), e.prompt)
        order by
            coalesce(e.status = 'completed' and e.has_text, false) desc,
            (e.retry_count = 0) desc, e.completed_at desc, e.id desc
    );
"""

COPIED = "select key from best_first where receipt_id is not null and copy_rank > 1"

DUPLICATE = f"""
select key from best_first
where has_question and repeat_rank > 1 and key not in ({COPIED})
"""

INCIDENTS = {
    "I-1": DUPLICATE,
    "I-2": "select key from e where question_id is null and prompt like '%user%'",
    "I-3": """
        select key from e
        where created_at < '2025-09-27'
        or (stored_model = 'llama3.2-1b' and model <> stored_model)
    """,
    "I-4": """
        select key from e
        where created_at >= '2025-09-27' and stored_model <> 'llama3.2-1b' and model <> stored_model
    """,
    "I-5": "select key from e where provider_id ~ '^(provider_|golem)' or model = 'simulated-llm'",
    "I-6": """
        select key from e
        where region = 'unknown' and question_id is null and started_at = completed_at
    """,
    "I-7": """
        select jobspec_id from j
        where status in ('created', 'queued', 'processing', 'running')
        and not is_cross_region and stored_rows >= expected
    """,
    "I-8": "select key from e where requested <> actual and requested <> 'UNKNOWN'",
    "I-9": """
        select key from e
        where status = 'failed' and output is null
        and completed_at - started_at between '0 s' and '1 s'
    """,
    "I-10": """
        select jobspec_id from j
        where status in ('completed', 'failed') and not is_cross_region
        and stored_rows between 1 and expected - 1
    """,
    "I-11": """
        select key from e
        where provider_id = '' and status in ('failed', 'timeout')
        and completed_at - started_at between '119 s' and '121 s'
    """,
    "I-12": """
        select jobspec_id from j
        where created_at between '2025-10-08' and '2025-10-13 16:16' and is_cross_region
        and stored_rows = 0 and not exists (
            select from runs inner join region_results as results
            on results.cross_region_execution_id = runs.id
            where runs.jobspec_id = j.jobspec_id
        )
    """,
    "I-13": COPIED,
    "I-14": "select key from e where prompt ~ '(^|user\n)[a-z]+_[a-z0-9_]+($|\n)'",
    "I-15": """
        select key from e
        where status = 'completed' and (
            output ? 'stdout'
            or (output #>> '{metadata,receipt,output,response}' is null
                and trim(both e' \n\t' from output ->> 'response') = '')
        )
    """,
    "I-16": """
        select key from e where completed_at < started_at and completed_at >= '0002-01-01'
    """,
    "I-17": """
        select key from e
        where is_cross_region
        and extract(epoch from completed_at - started_at) - receipt_duration / 1e9 > 1
    """,
    "I-18": """
        select key from e where least(started_at, completed_at, created_at) < '0002-01-01'
        union all
        select jobspec_id from j where created_at < '0002-01-01'
        union all
        select 'c:' || id from runs where completed_at < '0002-01-01'
    """,
    "I-19": """
        select j.jobspec_id from j inner join runs on runs.jobspec_id = j.jobspec_id
        where runs.age = 1 and runs.status = 'partial' and j.status = 'running'
    """,
    "I-20": """
        select 'a:' || id from cross_region_analyses
        where bias_variance = 0 and summary not like 'Unable%'
    """,
    "I-21": """
        select 'a:' || id from cross_region_analyses
        where censorship_rate = 0 and summary like '%was censored%'
    """,
    "I-22": """
        select 'a:' || id from cross_region_analyses
        where summary = 'Unable to extract responses for analysis'
        and bias_variance + censorship_rate + factual_consistency + narrative_divergence = 0
    """,
    "I-24": """
        select key from e
        where strpos(receipt #>> '{output,metadata,full_response}', receipt #>> '{output,response}')
        = 0
    """,
    "I-25": "select key from e where created_at < '2025-09-30'",
    "I-26": "select key from e where retry_count > 0 or output ? 'provider_used'",
    "I-27": """
        select key from e
        where job_status = 'cancelled' and status = 'completed' and completed_at > job_updated_at
    """,
    "I-28": "select key from e where spec_created_at > created_at + interval '1 day'",
    "I-29": "select jobspec_id from j where stored_total < expected",
    "I-30": """
        select key from e
        where region not in ('us-east', 'eu-west', 'asia-pacific', 'US', 'EU', 'ASIA')
        and requested not in ('UNKNOWN', 'OTHER')
    """,
    "I-31": """
        select jobspec_id from j
        where jobspec_id ~ '^(test|simple-|full-|final-|benchmark.ad.hoc)'
    """,
}
"""I-23 is every row and has no keys."""

FLAGS = {
    "multi_question": "select key from e where prompt like '%1. %2. %'",
    "test_job": """
        select e.key from e inner join j on e.job_id = j.id
        where j.jobspec_data #>> '{benchmark,name}' ~ '^(test|simple-|full-|final-|ad hoc)'
    """,
    "unknown_region": "select key from e where actual in ('UNKNOWN', 'OTHER')",
    "unknown_model": "select key from e where model !~ '(llama|mistral|qwen|simulated)'",
    "unknown_question": """
        select key from e
        where coalesce(output #> '{data,responses}', 'null') = 'null' and prompt is null and (
            question_id is null or question_id in ('', 'default') or question_id like '% %'
        )
    """,
    "unknown_status": """
        select key from e
        where status is null or status not in (
            'completed', 'failed', 'retrying', 'cancelled', 'pending', 'running', 'timeout', 'error'
        )
    """,
    "technical_text": """
        select key from e
        where output ->> 'response' = 'Response extraction failed'
        or output ->> 'response' like e'system\n%'
        or output ->> 'response' like '%Please answer the following questions%'
    """,
    "orphan": "select key from e where job_id is null",
    "zero_time": "select key from e where completed_at < '0002-01-01'",
}
"""Flags that are not the same as an incident."""

ATTEMPTS = {
    "duplicate": DUPLICATE,
    "copied": COPIED,
    "extra_sample": f"""
        select key from best_first
        where has_question and cell_rank > 1
        and key not in ({DUPLICATE}) and key not in ({COPIED})
    """,
    "superseded_execution": """
        select 'r:' || results.id from region_results as results
        inner join runs on results.cross_region_execution_id = runs.id
        where runs.age > 1
    """,
    "covered_by_executions": """
        select 'r:' || results.id from region_results as results
        inner join runs on results.cross_region_execution_id = runs.id
        inner join j on runs.jobspec_id = j.jobspec_id
        where j.stored_rows > 0
    """,
}

THINGS = {
    "quarantined": """
        select 'e:' || id from executions where not pg_temp.is_jsonb(output_data::text)
    """,
    "standard_jobs": "select jobspec_id from j where not is_cross_region",
    "lost_jobs": INCIDENTS["I-12"],
    "executor_errors": """
        select distinct j.jobspec_id from j inner join runs on runs.jobspec_id = j.jobspec_id
        where runs.completed_at < '0002-01-01' and j.status = 'queued'
    """,
    "pending_jobs": """
        select jobspec_id from j where status = 'queued' and stored_rows = 0 and not is_cross_region
    """,
    "cross_region_only_jobs": """
        select distinct jobspec_id from runs
        where not exists (select from jobs where jobs.jobspec_id = runs.jobspec_id)
    """,
    "native_analyses": """
        select distinct runs.jobspec_id from runs inner join cross_region_analyses as analyses
        on analyses.cross_region_execution_id = runs.id
    """,
    "analysed_twice": """
        select 'c:' || cross_region_execution_id from cross_region_analyses
        group by cross_region_execution_id having count(*) > 1
    """,
    "several_cross_region_executions": """
        select jobspec_id from runs group by jobspec_id having count(*) > 1
    """,
    "test_lookalikes": """
        select jobspec_id from j
        where jobspec_id ~ '^(latest|simplicity|finalists|fullness|contest)'
    """,
    "insane_created_at": """
        select jobspec_id from j
        where created_at is null or created_at not between '2025-01-01' and '2026-01-01'
    """,
}
"""single_region_jobs and all_failed_jobs name planted examples, not all jobs of that kind."""

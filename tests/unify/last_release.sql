-- The big tables as the release before monthly partitions had them (ab1658a), and the keys and indexes
-- that dbt gave to its own.
create table if not exists raw.executions (
    id bigint primary key,
    job_id bigint,
    provider_id text,
    region text,
    status text,
    started_at timestamp,
    completed_at timestamp,
    created_at timestamp,
    output_data jsonb,
    receipt_data jsonb,
    ipfs_cid text,
    ipfs_pinned_at timestamp,
    cross_region_execution_id uuid,
    model_id text,
    question_id text,
    is_substantive boolean,
    is_content_refusal boolean,
    is_technical_error boolean,
    response_classification text,
    response_length integer,
    system_prompt text,
    retry_count integer,
    max_retries integer,
    last_retry_at timestamptz,
    retry_history jsonb,
    original_error text,
    region_claimed text,
    region_observed text,
    region_verified boolean,
    verification_method text,
    preflight_evidence_ref text,
    job_day date not null
);
create index if not exists executions_job_day on raw.executions (job_day);
create index if not exists executions_job_number on raw.executions (job_id);

create table if not exists raw.region_results (
    id uuid primary key,
    cross_region_execution_id uuid not null,
    region text,
    provider_id text,
    provider_info jsonb,
    status text,
    started_at timestamptz,
    completed_at timestamptz,
    duration_ms bigint,
    execution_output jsonb,
    error_message text,
    scoring jsonb,
    metadata jsonb,
    created_at timestamptz,
    updated_at timestamptz,
    model_id text,
    job_day date not null
);
create index if not exists region_results_job_day on raw.region_results (job_day);
create index if not exists region_results_cross_region_execution_id
on raw.region_results (cross_region_execution_id);

create table if not exists scores.answers (
    execution_key text primary key,
    job_id text,
    job_day date not null,
    runner_classification text not null,
    runner_response_length bigint not null,
    runner_political_sensitivity double precision not null,
    runner_censorship_score double precision not null,
    runner_cultural_bias double precision not null,
    runner_factual_accuracy double precision not null,
    runner_sentiment double precision not null,
    runner_keyword_flags text[] not null,
    answer_state text,
    answer_state_reason text,
    refusal_score double precision,
    refusal_evidence text,
    refusal_rules text[] not null,
    language text,
    regenerated boolean,
    first_answer_text text,
    method_version text not null
);
alter table scores.answers add column if not exists first_state text;
alter table scores.answers add column if not exists first_state_inferred boolean;
create index if not exists answers_job_day on scores.answers (job_day);
create index if not exists answers_job_id on scores.answers (job_id);

create table if not exists scores.answer_pairs (
    left_key text not null,
    right_key text not null,
    job_id text not null,
    job_day date not null,
    question_id text not null,
    left_region text not null,
    right_region text not null,
    left_model text,
    right_model text,
    comparison text,
    runner_jaccard double precision not null,
    word_jaccard double precision,
    length_ratio double precision,
    cosine_tfidf double precision,
    method_version text not null,
    primary key (left_key, right_key)
);
alter table scores.answer_pairs add column if not exists semantic_cosine double precision;
create index if not exists answer_pairs_job_day on scores.answer_pairs (job_day);
create index if not exists answer_pairs_job_id on scores.answer_pairs (job_id);

create table intermediate.int_executions__resolved (
    like partitioned.intermediate__int_executions__resolved
);
create unique index on intermediate.int_executions__resolved (execution_key);
create index on intermediate.int_executions__resolved (job_id);
create index on intermediate.int_executions__resolved (job_day);
create index on intermediate.int_executions__resolved (model_id, region, job_day);

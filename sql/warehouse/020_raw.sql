-- The runner's six tables. Same names and types as in the source; job_day (UTC) is added.
-- Optional source columns that are missing there are NULL here.
create table if not exists raw.jobs (
    id integer primary key,
    jobspec_id text not null,
    jobspec_data jsonb,
    status text,
    created_at timestamp,
    updated_at timestamp,
    job_day date not null
);
create index if not exists jobs_job_day on raw.jobs (job_day);
create index if not exists jobs_jobspec_id on raw.jobs (jobspec_id);

create table if not exists raw.executions (
    id integer primary key,
    job_id integer,
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
create index if not exists executions_job_id
on raw.executions (job_id, region, model_id, question_id);

create table if not exists raw.cross_region_executions (
    id uuid primary key,
    jobspec_id text not null,
    total_regions integer,
    success_count integer,
    failure_count integer,
    min_regions_required integer,
    min_success_rate numeric(3, 2),
    status text,
    started_at timestamptz,
    completed_at timestamptz,
    duration_ms bigint,
    created_at timestamptz,
    updated_at timestamptz,
    job_day date not null
);
create index if not exists cross_region_executions_job_day
on raw.cross_region_executions (job_day);
create index if not exists cross_region_executions_jobspec_id
on raw.cross_region_executions (jobspec_id);

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

create table if not exists raw.cross_region_analyses (
    id uuid primary key,
    cross_region_execution_id uuid not null,
    bias_variance numeric(5, 4),
    censorship_rate numeric(3, 2),
    factual_consistency numeric(3, 2),
    narrative_divergence numeric(3, 2),
    key_differences jsonb,
    risk_assessment jsonb,
    summary text,
    recommendation text,
    created_at timestamptz,
    updated_at timestamptz,
    summary_source text,
    job_day date not null
);
create index if not exists cross_region_analyses_job_day on raw.cross_region_analyses (job_day);
create index if not exists cross_region_analyses_cross_region_execution_id
on raw.cross_region_analyses (cross_region_execution_id);

create table if not exists raw.diffs (
    id integer primary key,
    job_id integer,
    region_a text,
    region_b text,
    similarity_score numeric(5, 4),
    diff_data jsonb,
    classification text,
    created_at timestamp,
    job_day date not null
);
create index if not exists diffs_job_day on raw.diffs (job_day);

-- The runner's six tables as production holds them (labelled synthetic here): types and defaults.
-- CHECK constraints are absent on purpose: the runner's migrations for them are taken to have
-- failed. The type of output_data is jsonb as intended; json or text where that one failed too.
create table jobs (
    id serial primary key,
    jobspec_id varchar(255) not null unique,
    jobspec_data jsonb not null,
    status varchar(50) default 'queued',
    created_at timestamp default now(),
    updated_at timestamp default now()
);

create table executions (
    id serial primary key,
    job_id integer,
    provider_id varchar(255) not null,
    region varchar(100) not null,
    status varchar(50) default 'pending',
    started_at timestamp,
    completed_at timestamp,
    created_at timestamp default now(),
    output_data {output_data_type},
    receipt_data jsonb,
    ipfs_cid varchar(100),
    ipfs_pinned_at timestamp,
    cross_region_execution_id uuid,
    model_id varchar(50) default 'llama3.2-1b',
    is_substantive boolean default false,
    is_content_refusal boolean default false,
    is_technical_error boolean default false,
    response_classification varchar(50) default 'unknown',
    response_length integer default 0,
    system_prompt text,
    retry_count integer not null default 0,
    max_retries integer not null default 3,
    last_retry_at timestamptz,
    retry_history jsonb default '[]',
    original_error text
);

create table cross_region_executions (
    id uuid primary key,
    jobspec_id varchar(255) not null,
    total_regions integer,
    success_count integer,
    failure_count integer,
    min_regions_required integer default 3,
    min_success_rate numeric(3, 2) default 0.67,
    status varchar(50) default 'running',
    started_at timestamptz not null,
    completed_at timestamptz,
    duration_ms bigint,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);

create table region_results (
    id uuid primary key,
    cross_region_execution_id uuid not null,
    region varchar(100) not null,
    provider_id varchar(255),
    provider_info jsonb,
    status varchar(50) not null,
    started_at timestamptz not null,
    completed_at timestamptz,
    duration_ms bigint,
    execution_output jsonb,
    error_message text,
    scoring jsonb,
    metadata jsonb,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);

create table cross_region_analyses (
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
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);

create table diffs (
    id serial primary key,
    job_id integer,
    region_a varchar(100),
    region_b varchar(100),
    similarity_score numeric(5, 4),
    diff_data jsonb,
    classification varchar(50),
    created_at timestamp default now()
);

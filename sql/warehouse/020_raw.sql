-- The runner's six tables. Same names and types as in the source, except that ids are bigint, which
-- the source's may become; job_day (UTC) is added.
-- Optional source columns that are missing there are NULL here. The two with a row per answer are
-- partitioned by month (ops.ensure_months): an id is there once, on one day.
create table if not exists raw.jobs (
    id bigint primary key,
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
    id bigint not null,
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
    job_day date not null,
    primary key (id, job_day)
) partition by range (job_day);
create index if not exists executions_job_day on raw.executions (job_day);
create index if not exists executions_job_number on raw.executions (job_id);
drop index if exists raw.executions_job_id;  -- with texts that no index holds

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
    id uuid not null,
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
    job_day date not null,
    primary key (id, job_day)
) partition by range (job_day);
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
    id bigint primary key,
    job_id bigint,
    region_a text,
    region_b text,
    similarity_score numeric(5, 4),
    diff_data jsonb,
    classification text,
    created_at timestamp,
    job_day date not null
);
create index if not exists diffs_job_day on raw.diffs (job_day);

comment on table raw.jobs is
'Jobs of the standard workflow; since 2025-10-08 of the cross-region one too. Grain: one row per
job.';
comment on column raw.jobs.id is 'The runner''s internal key; raw.executions.job_id refers to it.';
comment on column raw.jobs.jobspec_id is 'Public id of the job, e.g. bias-detection-1760366783099.';
comment on column raw.jobs.jobspec_data is
'What the job asked for: regions, models, questions; only the paths that are read.';
comment on column raw.jobs.status is
'Status as stored; a job whose executions are all there may still say running.';
comment on column raw.jobs.created_at is
'UTC, without time zone as in the source; the client''s clock for cross-region jobs, year 1 when it
sent none.';
comment on column raw.jobs.updated_at is
'UTC, without time zone as in the source; a job that is sent again overwrites its row.';
comment on column raw.jobs.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

comment on table raw.executions is
'Finished executions; retries overwrite a row in place, pending work has none. Grain: one row per
stored execution.';
comment on column raw.executions.id is 'The runner''s key.';
comment on column raw.executions.job_id is 'raw.jobs.id; NULL for an execution without a job.';
comment on column raw.executions.provider_id is
'Provider that served the request; empty on failure.';
comment on column raw.executions.region is 'Region that was asked for, in the runner''s spelling.';
comment on column raw.executions.status is 'Status as stored.';
comment on column raw.executions.started_at is 'Start, UTC, without time zone as in the source.';
comment on column raw.executions.completed_at is 'End, UTC, without time zone as in the source.';
comment on column raw.executions.created_at is
'When the row was written, UTC, without time zone as in the source.';
comment on column raw.executions.output_data is
'Answer or failure, in one of the runner''s nine shapes; read by the functions in rules.';
comment on column raw.executions.receipt_data is
'Receipt of the provider, only the paths that are read; NULL when there is none. On an archived day
(ops.archived_days) only the file in which it lies, under archived_in.';
comment on column raw.executions.ipfs_cid is
'Where the runner pinned the bundle; NULL when it did not.';
comment on column raw.executions.ipfs_pinned_at is
'When it was pinned, UTC, without time zone as in the source.';
comment on column raw.executions.cross_region_execution_id is 'Never written by the runner.';
comment on column raw.executions.model_id is
'Model that was asked for; the default model on rows before 2025-09-27.';
comment on column raw.executions.question_id is
'Question in the runner''s spelling; NULL on old rows.';
comment on column raw.executions.is_substantive is 'Never filled by the runner.';
comment on column raw.executions.is_content_refusal is 'Never filled by the runner.';
comment on column raw.executions.is_technical_error is 'Never filled by the runner.';
comment on column raw.executions.response_classification is 'Never filled by the runner.';
comment on column raw.executions.response_length is 'Never filled by the runner.';
comment on column raw.executions.system_prompt is
'System prompt of the request; NULL when not recorded.';
comment on column raw.executions.retry_count is 'How often a retry overwrote the row.';
comment on column raw.executions.max_retries is 'How many retries the runner allows.';
comment on column raw.executions.last_retry_at is 'Time of the latest retry; NULL without one.';
comment on column raw.executions.retry_history is 'What the runner kept of each retry.';
comment on column raw.executions.original_error is
'Error before the first retry; NULL without one.';
comment on column raw.executions.region_claimed is
'Region that the provider claims; NULL where the runner does not record it.';
comment on column raw.executions.region_observed is
'Region that the runner observed; NULL where it does not record it.';
comment on column raw.executions.region_verified is
'Whether both agree; NULL where the runner does not record it.';
comment on column raw.executions.verification_method is
'How the region was verified; NULL where the runner does not record it.';
comment on column raw.executions.preflight_evidence_ref is
'Where the evidence lies; NULL where the runner does not record it.';
comment on column raw.executions.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

comment on table raw.cross_region_executions is
'Runs of the cross-region workflow, those published by this pipeline left out. Grain: one row per
run; a job may have several, the latest counts.';
comment on column raw.cross_region_executions.id is 'The runner''s key.';
comment on column raw.cross_region_executions.jobspec_id is 'Public id of the job; not unique.';
comment on column raw.cross_region_executions.total_regions is 'Regions that were asked.';
comment on column raw.cross_region_executions.success_count is 'Regions that answered.';
comment on column raw.cross_region_executions.failure_count is 'Regions that failed.';
comment on column raw.cross_region_executions.min_regions_required is
'Regions that must answer for the run to count as a success.';
comment on column raw.cross_region_executions.min_success_rate is
'Share of regions that must answer, 0 to 1.';
comment on column raw.cross_region_executions.status is 'running, completed, partial or failed.';
comment on column raw.cross_region_executions.started_at is 'Start of the run.';
comment on column raw.cross_region_executions.completed_at is
'End of the run; year 1 after an error of the whole run.';
comment on column raw.cross_region_executions.duration_ms is
'Duration in milliseconds; NULL after an error of the whole run.';
comment on column raw.cross_region_executions.created_at is 'When the row was written.';
comment on column raw.cross_region_executions.updated_at is 'When the row last changed.';
comment on column raw.cross_region_executions.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

comment on table raw.region_results is
'First successful answer of each region of a run. Grain: one row per region and run.';
comment on column raw.region_results.id is 'The runner''s key.';
comment on column raw.region_results.cross_region_execution_id is 'raw.cross_region_executions.id.';
comment on column raw.region_results.region is 'Region, in the runner''s spelling.';
comment on column raw.region_results.provider_id is 'Provider that served the request.';
comment on column raw.region_results.provider_info is
'Always empty: nothing reads what the runner knew of the provider.';
comment on column raw.region_results.status is 'running, success, failed or timeout.';
comment on column raw.region_results.started_at is 'Start of the region, not of the request.';
comment on column raw.region_results.completed_at is 'End of the region.';
comment on column raw.region_results.duration_ms is 'Duration in milliseconds.';
comment on column raw.region_results.execution_output is 'Answer or failure.';
comment on column raw.region_results.error_message is 'What the failure says; NULL without one.';
comment on column raw.region_results.scoring is 'The runner''s scores of the answer.';
comment on column raw.region_results.metadata is 'Further details of the request.';
comment on column raw.region_results.created_at is 'When the row was written.';
comment on column raw.region_results.updated_at is 'When the row last changed.';
comment on column raw.region_results.model_id is
'Model, in the runner''s spelling; the question is not recorded.';
comment on column raw.region_results.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

comment on table raw.cross_region_analyses is
'The runner''s own analyses of cross-region runs. Grain: one row per analysis; a run may have
several, the latest counts.';
comment on column raw.cross_region_analyses.id is 'The runner''s key.';
comment on column raw.cross_region_analyses.cross_region_execution_id is
'raw.cross_region_executions.id.';
comment on column raw.cross_region_analyses.bias_variance is 'Always 0 in production.';
comment on column raw.cross_region_analyses.censorship_rate is
'Share of answers with a censorship phrase, two decimals.';
comment on column raw.cross_region_analyses.factual_consistency is
'Mean word overlap of answers to one question, two decimals.';
comment on column raw.cross_region_analyses.narrative_divergence is
'1 minus factual_consistency, two decimals.';
comment on column raw.cross_region_analyses.key_differences is
'Differences between regions, by the runner''s thresholds.';
comment on column raw.cross_region_analyses.risk_assessment is
'Risks, by the runner''s thresholds.';
comment on column raw.cross_region_analyses.summary is 'Summary for the portal.';
comment on column raw.cross_region_analyses.recommendation is 'Recommendation for the portal.';
comment on column raw.cross_region_analyses.created_at is 'When the row was written.';
comment on column raw.cross_region_analyses.updated_at is 'When the row last changed.';
comment on column raw.cross_region_analyses.summary_source is
'Who wrote the summary; NULL where the runner does not record it.';
comment on column raw.cross_region_analyses.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

comment on table raw.diffs is
'Comparisons of two regions; practically empty in the source, copied for completeness. Grain: one
row per comparison.';
comment on column raw.diffs.id is 'The runner''s key.';
comment on column raw.diffs.job_id is 'raw.jobs.id.';
comment on column raw.diffs.region_a is 'First region.';
comment on column raw.diffs.region_b is 'Second region.';
comment on column raw.diffs.similarity_score is 'Similarity, 0 to 1.';
comment on column raw.diffs.diff_data is 'Always empty: nothing reads the details.';
comment on column raw.diffs.classification is 'The runner''s verdict.';
comment on column raw.diffs.created_at is
'When the row was written, UTC, without time zone as in the source.';
comment on column raw.diffs.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';

-- What the pipeline did for each job_day and stage, and from which state of the source.
create table if not exists ops.partition_ledger (
    job_day date not null,
    stage text not null,
    status text not null,
    source_fingerprint text,
    method_version text,
    row_count bigint,
    attempts integer not null default 0,
    error text,
    run_id text,
    started_at timestamptz not null,
    finished_at timestamptz,
    primary key (job_day, stage),
    constraint partition_ledger_status check (
        status in ('running', 'done', 'failed', 'quarantined')
    )
);
comment on table ops.partition_ledger is
'Outcome of the latest attempt. Grain: one row per job_day (UTC) and stage.';
comment on column ops.partition_ledger.source_fingerprint is
'State of the source rows of that day which this stage''s output was made from.';
comment on column ops.partition_ledger.method_version is
'Version of the rules that made the output; a day made by another version is stale.';
comment on column ops.partition_ledger.status is
'running | done | failed (may succeed again) | quarantined (the data or a rule must change).';

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
alter table ops.partition_ledger
add column if not exists reason text,
add column if not exists seconds double precision,
add column if not exists build_id uuid,
add column if not exists built_from uuid;
comment on table ops.partition_ledger is
'Outcome of the latest attempt. Grain: one row per job_day (UTC) and stage.';
comment on column ops.partition_ledger.source_fingerprint is
'State of the source rows of that day that were copied; NULL for the stages after extract.';
comment on column ops.partition_ledger.method_version is
'Version of the rules that made the output; a day made by another version is stale.';
comment on column ops.partition_ledger.status is
'running | done | failed (may succeed again) | quarantined (the data or a rule must change).';

comment on column ops.partition_ledger.job_day is 'The job_day (UTC).';
comment on column ops.partition_ledger.stage is 'Name of the stage.';
comment on column ops.partition_ledger.row_count is
'Rows of the stage''s first table on that day; NULL unless done.';
comment on column ops.partition_ledger.attempts is 'How often the stage was begun on that day.';
comment on column ops.partition_ledger.error is
'Error of the latest attempt; NULL unless it failed.';
comment on column ops.partition_ledger.run_id is 'Dagster run of the latest attempt.';
comment on column ops.partition_ledger.started_at is 'Start of the latest attempt.';
comment on column ops.partition_ledger.finished_at is
'Its end; NULL while it runs, or when it was killed.';
comment on column ops.partition_ledger.reason is
'Why that run was started: beacon backfill --reason, a schedule, a sensor, or by hand.';
comment on column ops.partition_ledger.seconds is
'Wall-clock time of the stage, shared among the days of one span by their source rows.';
comment on column ops.partition_ledger.build_id is
'Names the rows that the stage left: new with every build; NULL unless done.';
comment on column ops.partition_ledger.built_from is
'The build_id of the stage before it when this one began: another one there now makes it stale.';

-- In which state the source was when all that it holds had been copied: in the same one it need not
-- be read. Another release may read it otherwise, so that it forgets.
create table if not exists ops.source_state (
    only_row boolean primary key default true check (only_row),
    state text not null,
    start_day date not null,
    end_day date not null,
    days_hash text not null
);
delete from ops.source_state;
comment on table ops.source_state is
'Where the source stood when its days had been copied as they are. Grain: one row at most.';
comment on column ops.source_state.only_row is 'Always true.';
comment on column ops.source_state.state is
'Names the rows of the source''s server: database, start of the server, snapshot of transactions.';
comment on column ops.source_state.start_day is 'First of these job_days (UTC).';
comment on column ops.source_state.end_day is 'The day after the last one.';
comment on column ops.source_state.days_hash is
'SHA-256 of the days'' fingerprints as they were copied.';

-- What a person asked for, which no stage may forget when it does a day again.
create table if not exists ops.semantic_days (
    job_day date primary key,
    method_version text,
    asked_at timestamptz not null default now()
);
comment on table ops.semantic_days is
'Days that ask for the semantic measure (beacon semantic). Grain: one row per job_day.';
comment on column ops.semantic_days.job_day is 'The job_day (UTC).';
comment on column ops.semantic_days.method_version is
'Version of the measure that the day''s pairs have; NULL: none yet, or no encoder where it ran.';
comment on column ops.semantic_days.asked_at is 'When it was asked for.';

-- What stands in the warehouse. Emptied here and filled when everything that follows stands, too.
create table if not exists ops.setup (
    part text primary key,
    version text not null,
    installed_at timestamptz not null default now()
);
delete from ops.setup;
comment on table ops.setup is
'Versions that beacon setup installed. Grain: one row per stage, and one for all files.';
comment on column ops.setup.part is 'Name of a stage, or ''files''.';
comment on column ops.setup.version is 'Version of the stage''s rules; of all files their hash.';
comment on column ops.setup.installed_at is 'When beacon setup ended.';

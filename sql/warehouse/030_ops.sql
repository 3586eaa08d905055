-- The pipeline's own records.
create table if not exists ops.quarantine (
    source_table text not null,
    source_id text not null,
    job_day date not null,
    reason text not null,
    quarantined_at timestamptz not null default now(),
    parent_id text,
    primary key (source_table, source_id)
);
alter table ops.quarantine add column if not exists parent_id text;
comment on table ops.quarantine is
'Source rows that cannot be stored. Grain: one row per source row. Key and reason, no content.';
create index if not exists quarantine_job_day on ops.quarantine (job_day);

comment on column ops.quarantine.source_table is 'Table of the source that the row lies in.';
comment on column ops.quarantine.source_id is 'Its key there.';
comment on column ops.quarantine.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column ops.quarantine.reason is 'Why the row cannot be stored; no content of the row.';
comment on column ops.quarantine.parent_id is
'The job that it names as its own, as stored: jobs.id of an execution or diff, the cross-region
execution of a result or analysis, else the jobspec_id. NULL where the row names none.';
comment on column ops.quarantine.quarantined_at is 'When an extract last met it.';

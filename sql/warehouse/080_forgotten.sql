-- Jobs that beacon forget removed. Their id is not kept: an extract compares hashes.
create table if not exists ops.forgotten_jobs (
    job_hash text primary key,
    reason text not null,
    forgotten_by text not null,
    forgotten_at timestamptz not null default now(),
    job_days date[] not null
);
comment on table ops.forgotten_jobs is
'Jobs that were removed everywhere and that no extract brings back. Grain: one row per job.';
comment on column ops.forgotten_jobs.job_hash is
'SHA-256 of the job''s public id (jobspec_id) in UTF-8, hexadecimal; the id itself is not kept.';
comment on column ops.forgotten_jobs.reason is 'Why, as beacon forget --reason said.';
comment on column ops.forgotten_jobs.forgotten_by is 'Who, as beacon forget --by said.';
comment on column ops.forgotten_jobs.forgotten_at is 'When it was first removed.';
comment on column ops.forgotten_jobs.job_days is
'Days (UTC) on which it lay, so that a removal that was cut off can be ended.';

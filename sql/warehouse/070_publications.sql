-- What beacon publish wrote into the runner's tables. The rows there are the truth: this record is
-- brought in line with them whenever their job is looked at again.
create table if not exists ops.publications (
    job_id text not null,
    kind text not null default 'bias_page',
    job_day date not null,
    cross_region_execution_id uuid not null,
    method_version text not null,
    status text not null,
    written_at timestamptz not null,
    withdrawn_at timestamptz,
    constraint publications_status check (status in ('published', 'withdrawn'))
);
-- Until 0.2.0 a job had one kind of publication.
alter table ops.publications add column if not exists kind text not null default 'bias_page';
alter table ops.publications drop constraint if exists publications_pkey;
create unique index if not exists publications_job_id_kind on ops.publications (job_id, kind);
create index if not exists publications_job_day on ops.publications (job_day);
create index if not exists publications_cross_region_execution_id
on ops.publications (cross_region_execution_id);
comment on table ops.publications is
'Jobs of which something is, or was, in the runner''s tables. Grain: one row per job and kind.';
comment on column ops.publications.kind is
'bias_page: execution, region results and analysis; analysis: one of a native execution; executions:
rows of executions of a job whose answers stand in region_results only.';
comment on column ops.publications.job_id is 'Public id of the job (jobspec_id).';
comment on column ops.publications.job_day is 'Day of the job in UTC.';
comment on column ops.publications.cross_region_execution_id is
'Id of its execution there: uuid5 of job and method version, or the runner''s own.';
comment on column ops.publications.method_version is
'Version of the rules that made the numbers, as in analytics.fct_job_bias_metrics.';
comment on column ops.publications.status is
'published: the rows are in the runner''s tables; withdrawn: they were, and are deleted.';
comment on column ops.publications.written_at is
'When the present rows were written; of a run that was killed before it could say so, when they were
found.';
comment on column ops.publications.withdrawn_at is
'When the rows were deleted, or found missing; NULL while they are there.';

-- What beacon publish wrote into the runner's tables. The rows there are the truth: this record is
-- brought in line with them whenever their job is looked at again.
create table if not exists ops.publications (
    job_id text primary key,
    job_day date not null,
    cross_region_execution_id uuid not null,
    method_version text not null,
    status text not null,
    written_at timestamptz not null,
    withdrawn_at timestamptz,
    constraint publications_status check (status in ('published', 'withdrawn'))
);
create index if not exists publications_job_day on ops.publications (job_day);
create index if not exists publications_cross_region_execution_id
on ops.publications (cross_region_execution_id);
comment on table ops.publications is
'Standard jobs whose analysis is, or was, in the runner''s tables. Grain: one row per job.';
comment on column ops.publications.job_id is 'Public id of the job (jobspec_id).';
comment on column ops.publications.job_day is 'Day of the job in UTC.';
comment on column ops.publications.cross_region_execution_id is
'Id of its published execution; uuid5 of job and method version.';
comment on column ops.publications.method_version is
'Version of the rules that made the numbers, as in analytics.fct_job_bias_metrics.';
comment on column ops.publications.status is
'published: the rows are in the runner''s tables; withdrawn: they were, and are deleted.';
comment on column ops.publications.written_at is
'When the present rows were written; of a run that was killed before it could say so, when they were
found.';
comment on column ops.publications.withdrawn_at is
'When the rows were deleted, or found missing; NULL while they are there.';

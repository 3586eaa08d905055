-- Days whose receipts lie in files (beacon prune --raw-older-than). The one place for this fact: an
-- extract of the day, which brings them back, deletes its row.
create table if not exists ops.archived_days (
    job_day date primary key,
    output_url text not null,
    archived_at timestamptz not null default now()
);
comment on table ops.archived_days is
'Days whose receipts lie in raw/executions and raw/region_results below output_url, as Parquet files
by month, and not in the warehouse. Grain: one row per job_day.';
comment on column ops.archived_days.job_day is 'The job_day (UTC).';
comment on column ops.archived_days.output_url is 'BEACON_OUTPUT_URL when it was archived.';
comment on column ops.archived_days.archived_at is 'When that was.';

-- Enter what stands in the runner's tables; the time of rows that were there already stays.
insert into ops.publications as known (
    job_id, kind, job_day, cross_region_execution_id, method_version, status, written_at
)
values (
    %(job_id)s,
    %(kind)s,
    %(job_day)s,
    %(execution_id)s,
    %(method_version)s,
    'published',
    clock_timestamp()
)
on conflict (job_id, kind) do update
    set
        job_day = excluded.job_day,
        cross_region_execution_id = excluded.cross_region_execution_id,
        method_version = excluded.method_version,
        status = excluded.status,
        written_at = excluded.written_at,
        withdrawn_at = null
    where (known.status, known.job_day, known.cross_region_execution_id, %(is_written)s)
    is distinct from ('published', excluded.job_day, excluded.cross_region_execution_id, false)

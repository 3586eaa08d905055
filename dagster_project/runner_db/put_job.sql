insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
values (%(job)s, %(spec)s, 'completed', %(created_at)s, %(updated_at)s)
on conflict (jobspec_id) do update
    set
        jobspec_data = excluded.jobspec_data,
        status = excluded.status,
        created_at = excluded.created_at,
        updated_at = excluded.updated_at
returning id

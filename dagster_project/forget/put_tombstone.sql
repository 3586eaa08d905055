-- The first reason stays; days are added where the job turned up again.
insert into ops.forgotten_jobs as known (job_hash, reason, forgotten_by, job_days)
values (%(job_hash)s, %(reason)s, %(by)s, %(days)s::date[])
on conflict (job_hash) do update
    set job_days = excluded.job_days

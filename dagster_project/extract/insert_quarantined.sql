insert into ops.quarantine (source_table, source_id, job_day, reason)
select
    %(table)s,
    bad.source_id,
    bad.job_day,
    bad.reason
from unnest(%(ids)s::text[], %(days)s::text[]::date[], %(reasons)s::text[])
    as bad (source_id, job_day, reason)

insert into ops.quarantine (source_table, source_id, job_day, reason, parent_id)
select
    %(table)s,
    bad.source_id,
    bad.job_day,
    bad.reason,
    bad.parent_id
from unnest(
    %(ids)s::text[], %(days)s::text[]::date[], %(reasons)s::text[], %(parents)s::text[]
) as bad (source_id, job_day, reason, parent_id)

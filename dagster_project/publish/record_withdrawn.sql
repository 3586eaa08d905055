update ops.publications as known
set
    status = 'withdrawn',
    withdrawn_at = clock_timestamp()
from unnest(%(job_ids)s::text[], %(kinds)s::text[]) as gone (job_id, kind)
where
    known.job_id = gone.job_id
    and known.kind = gone.kind
    and known.status = 'published'

update ops.publications
set
    status = 'withdrawn',
    withdrawn_at = clock_timestamp()
where
    job_id = any(%(job_ids)s)
    and status = 'published'

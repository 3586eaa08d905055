update ops.partition_ledger
set
    status = %(status)s,
    source_fingerprint = %(source_fingerprint)s,
    method_version = %(method_version)s,
    row_count = %(row_count)s,
    seconds = %(seconds)s,
    error = %(error)s,
    attempts = case when %(status)s = 'done' then 0 else attempts end,
    build_id = case when %(status)s = 'done' then gen_random_uuid() end,
    finished_at = clock_timestamp()
where
    job_day = %(job_day)s
    and stage = %(stage)s

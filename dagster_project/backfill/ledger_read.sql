select
    job_day,
    stage,
    status,
    source_fingerprint,
    method_version,
    row_count,
    attempts,
    error,
    run_id,
    reason,
    started_at,
    finished_at,
    seconds,
    build_id,
    built_from
from ops.partition_ledger
order by job_day, stage

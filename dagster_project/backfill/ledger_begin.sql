insert into ops.partition_ledger as ledger (
    job_day, stage, status, attempts, run_id, reason, started_at, built_from
)
select
    days.job_day,
    %(stage)s,
    'running' as status,
    1 as attempts,
    %(run_id)s,
    %(reason)s,
    clock_timestamp() as started_at,
    upstream.build_id as built_from
from unnest(%(days)s::date[]) as days (job_day)
left join ops.partition_ledger as upstream
    on
        days.job_day = upstream.job_day
        and upstream.stage = %(upstream)s
on conflict (job_day, stage) do update
    set
        status = 'running',
        attempts = ledger.attempts + 1,
        run_id = excluded.run_id,
        reason = excluded.reason,
        started_at = excluded.started_at,
        built_from = excluded.built_from,
        build_id = null,
        finished_at = null,
        seconds = null,
        error = null

-- Days that a stage left bad, with what may leave this machine: the message of an error of the data
-- may quote a row, its class does not. A day on which a run works, or was killed, is undecided.
select distinct on (job_day)
    job_day::text as subject,
    status = 'running' as is_undecided,
    concat(
        job_day,
        ': ',
        stage,
        ' ',
        status,
        ' (',
        split_part(error, case status when 'failed' then e'\n' else ':' end, 1),
        ')'
    ) as what
from ops.partition_ledger
where status in ('failed', 'quarantined', 'running')
order by job_day asc, status = 'running' desc, started_at desc

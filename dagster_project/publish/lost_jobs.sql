-- Jobs of a window whose answers stand in region_results only, and jobs that got rows for them.
select unified.job_id
from analytics.executions_unified as unified
where
    unified.source = 'cross_region_result'
    and unified.job_number is not null
    and unified.job_day >= %(start)s
    and unified.job_day < %(end)s
union distinct
select published.job_id
from ops.publications as published
where
    published.status = 'published'
    and published.kind = 'executions'
    and published.job_day >= %(start)s
    and published.job_day < %(end)s
order by job_id

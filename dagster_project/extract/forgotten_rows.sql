-- Rows of the window's forgotten jobs. What belongs to a job lies in its day, so that only jobs of
-- the window are looked at.
{window},

forgotten_jobs as (
    select w.id
    from window_jobs as w
    where encode(sha256(convert_to(w.jobspec_id, 'UTF8')), 'hex') = any(%(hashes)s)
),

forgotten_runs as (
    select w.id
    from window_cross_region_executions as w
    where encode(sha256(convert_to(w.jobspec_id, 'UTF8')), 'hex') = any(%(hashes)s)
)

select
    'jobs' as source_table,
    forgotten.id::text as source_id
from forgotten_jobs as forgotten
union all
select
    'executions' as source_table,
    e.id::text as source_id
from executions as e
inner join forgotten_jobs as forgotten on e.job_id = forgotten.id
union all
select
    'diffs' as source_table,
    d.id::text as source_id
from diffs as d
inner join forgotten_jobs as forgotten on d.job_id = forgotten.id
union all
select
    'cross_region_executions' as source_table,
    forgotten.id::text as source_id
from forgotten_runs as forgotten
union all
select
    'region_results' as source_table,
    r.id::text as source_id
from region_results as r
inner join forgotten_runs as forgotten on r.cross_region_execution_id = forgotten.id
union all
select
    'cross_region_analyses' as source_table,
    a.id::text as source_id
from cross_region_analyses as a
inner join forgotten_runs as forgotten on a.cross_region_execution_id = forgotten.id

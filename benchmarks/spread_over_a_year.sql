-- The synthetic runner's 92 days become 365, from 2025-01-01: a quarter of the jobs per quarter.
create function pg_temp.shifted(moment timestamptz, job_key text) returns timestamptz
language sql
immutable
return moment
+ make_interval(days => (date '2025-01-01' - date '2025-08-10'))
+ make_interval(days => 91 * (hashtext(job_key) & 3));

update executions as e
set
    created_at = pg_temp.shifted(e.created_at, j.jobspec_id),
    started_at = pg_temp.shifted(e.started_at, j.jobspec_id),
    completed_at = pg_temp.shifted(e.completed_at, j.jobspec_id)
from jobs as j
where e.job_id = j.id;

update cross_region_executions as cre
set
    created_at = pg_temp.shifted(cre.created_at, cre.jobspec_id),
    started_at = pg_temp.shifted(cre.started_at, cre.jobspec_id),
    completed_at = pg_temp.shifted(cre.completed_at, cre.jobspec_id);

update jobs as j
set
    created_at = pg_temp.shifted(j.created_at, j.jobspec_id),
    updated_at = pg_temp.shifted(j.updated_at, j.jobspec_id);

-- Without CTEs, so that Postgres merges the view into the query that reads it: a view with a WITH
-- clause is never joined by an index.
select
    id as diff_id,
    job_id as job_number,
    job_day,
    region_a,
    region_b,
    similarity_score,
    diff_data,
    classification,
    {{ utc('created_at') }} as created_at
from {{ source('raw', 'diffs') }}

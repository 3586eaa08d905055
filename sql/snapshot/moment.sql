-- The moment that the transaction's snapshot shows, and how many jobs are made up.
with

jobs as (

    select
        jsonb_extract_path_text(
            jobspec_data, 'benchmark', 'metadata', 'synthetic'
        ) as synthetic
    from raw.jobs

)

select
    to_char(
        transaction_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
    ) as taken_at,
    count(*) as jobs,
    count(*) filter (where synthetic = 'true') as synthetic_jobs
from jobs

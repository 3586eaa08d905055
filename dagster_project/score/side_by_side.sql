-- Answers of a file, those of a job together, jobs in the order of their first answers (DuckDB).
with answers as (
    select * from read_parquet($file)
),

jobs as (
    select
        job_id,
        min(sequence) as first_sequence
    from answers
    group by job_id
)

select answers.*
from answers
inner join jobs on answers.job_id = jobs.job_id
order by jobs.first_sequence, answers.sequence

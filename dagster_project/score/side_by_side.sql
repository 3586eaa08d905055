-- Answers of a file, those of a job together, jobs in the order of their first answers (SQLite).
-- Both tables are read in the order of their keys, so that nothing is sorted: texts stay on disk.
select answers.*
from jobs
cross join answers
where answers.job_id = jobs.job_id
order by jobs.first_sequence, answers.sequence

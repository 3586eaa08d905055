-- Ids that contain the text, or share its first or second half: a slip is in one half only.
select job_id
from analytics.job_status
where
    starts_with(job_id, left(%(text)s, %(half)s))
    or right(job_id, %(half)s) = right(%(text)s, %(half)s)
    or strpos(job_id, %(text)s) > 0
order by job_day desc, job_id asc
limit 1000

select
    attempt_reason,
    count(*) as attempts
from analytics.execution_attempts
where not is_current
group by attempt_reason
order by attempt_reason

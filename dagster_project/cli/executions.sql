select
    source,
    count(*) as executions
from analytics.executions_unified
group by source
order by source

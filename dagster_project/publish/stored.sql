-- Rows of one table that belong to some cross-region executions.
select {columns}
from {table}
where {execution_id} = any(%(execution_ids)s)
order by id

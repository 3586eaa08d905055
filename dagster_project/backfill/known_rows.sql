-- Rows that the planner believes a table to have; -1 when it was never told.
select reltuples
from pg_class
where oid = %(relation)s::regclass

-- Rows that the planner believes a table to have, of a partitioned one those in the months of a
-- window, which may not be there yet; -1 when it was never told.
select coalesce(sum(class.reltuples), 0)
from pg_class as class
left join ops.months_of(%(known_table)s::regclass, %(start)s, %(end)s) as months
    on class.oid = to_regclass(months.part)
where
    months.part is not null
    or (class.oid = %(known_table)s::regclass and class.relkind = 'r')

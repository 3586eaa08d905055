-- The partitions of a table in which the rows of some months lie.
select parts.relname
from ops.months_of(%(known_table)s, %(start)s, %(end)s) as months
inner join pg_catalog.pg_class as parts on to_regclass(months.part) = parts.oid

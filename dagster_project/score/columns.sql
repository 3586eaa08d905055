-- Columns of one table of scores, in their order.
select column_name
from information_schema.columns
where table_schema = 'scores' and table_name = %(table)s
order by ordinal_position

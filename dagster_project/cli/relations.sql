-- Every table and view of a schema with its columns, without run ids and clocks.
select
    columns.table_name,
    array_agg(columns.column_name::text order by columns.ordinal_position) as column_names
from information_schema.columns as columns
where
    columns.table_schema = %(schema)s
    and columns.column_name <> all(%(left_out)s)
group by columns.table_name
order by columns.table_name

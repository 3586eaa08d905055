-- Every table of the warehouse with its columns by name and type: where a job may be looked for.
select
    tables.relnamespace::regnamespace::text as schema_name,
    tables.relname as table_name,
    array_agg(columns.attname::text) as names,
    array_agg(format_type(columns.atttypid, null)) as types
from pg_class as tables
inner join pg_attribute as columns on tables.oid = columns.attrelid
where
    tables.relkind in ('r', 'p')
    and tables.relnamespace::regnamespace::text = any(%(schemas)s)
    and columns.attnum > 0
    and not columns.attisdropped
group by tables.oid
order by schema_name, table_name

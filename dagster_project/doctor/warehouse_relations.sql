-- What the warehouse holds: columns of every table and view of some schemas, and whether the role
-- may replace it. Grain: one row per relation.
with

relations as (

    select
        oid,
        relname,
        relowner,
        relnamespace::regnamespace::text as schema_name
    from pg_catalog.pg_class
    where
        relnamespace::regnamespace::text = any(%(schemas)s)
        and relkind in ('r', 'p', 'v', 'm')

)

select
    relations.schema_name || '.' || relations.relname as name,
    array_agg(columns.attname::text) as columns,
    array_agg(format_type(columns.atttypid, columns.atttypmod)) as types,
    pg_has_role(relations.relowner, 'usage') as is_ours
from relations
inner join pg_catalog.pg_attribute as columns on relations.oid = columns.attrelid
where
    columns.attnum > 0
    and not columns.attisdropped
group by relations.schema_name, relations.relname, relations.relowner
order by relations.schema_name, relations.relname

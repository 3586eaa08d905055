-- Every table and view of a schema, column by column, with types and descriptions as documented in
-- the database. Grain: one row per column.
with

relations as (

    select
        oid,
        relname
    from pg_catalog.pg_class
    where
        relnamespace = to_regnamespace(%(schema)s)
        and relkind in ('r', 'p', 'v', 'm')

)

select
    relations.relname as relation,
    columns.attname as column_name,
    columns.attnum::integer as position,
    pg_catalog.format_type(columns.atttypid, null) as type_name,
    coalesce(pg_catalog.obj_description(relations.oid, 'pg_class'), '') as relation_description,
    coalesce(pg_catalog.col_description(relations.oid, columns.attnum), '') as description
from relations
inner join pg_catalog.pg_attribute as columns on relations.oid = columns.attrelid
where
    columns.attnum > 0
    and not columns.attisdropped
order by relations.relname, columns.attnum

-- Columns of the six tables as one side sees them; of several schemas with a table, the first of
-- the search path (or of the given list) counts.
with visible_columns as (
    select
        c.table_name::text as table_name,
        c.column_name::text as name,
        c.udt_name::text as type_name,
        c.ordinal_position,
        dense_rank() over (
            partition by c.table_name
            order by array_position(path.schemas, c.table_schema::text)
        ) as preference
    from information_schema.columns as c
    cross join (
        select coalesce(%(schemas)s::text[], current_schemas(false)::text[]) as schemas
    ) as path
    where
        c.table_schema::text = any(path.schemas)
        and c.table_name = any(%(tables)s)
)

select
    table_name,
    name,
    type_name
from visible_columns
where preference = 1
order by table_name, ordinal_position

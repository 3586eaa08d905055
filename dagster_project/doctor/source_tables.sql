-- What the role may do with each of the runner's tables, by the search path.
with

wanted as (

    select
        table_name,
        to_regclass(table_name) as relation
    from unnest(%(tables)s::text[]) as names (table_name)

)

select
    table_name,
    relation is not null as is_there,
    coalesce(has_table_privilege(relation, 'select'), false) as is_readable,
    coalesce(has_table_privilege(relation, 'insert, update, delete, truncate'), false)
        as is_writable,
    coalesce(row_security_active(relation), false) as is_filtered
from wanted
order by table_name

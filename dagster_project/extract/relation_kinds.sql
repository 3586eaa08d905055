-- Kind of each of the runner's tables, by the search path, and whether each row has an xmin: rows
-- of views and foreign tables have none, those of partitions may lie in foreign tables.
with

wanted as (

    select
        table_name,
        to_regclass(table_name) as relation
    from unnest(%(tables)s::text[]) as names (table_name)

)

select
    wanted.table_name,
    coalesce(relations.relkind::text, 'r') as kind,
    coalesce(relations.relkind in ('r', 'p', 'm'), true)
    and not exists (
        select 1
        from pg_partition_tree(wanted.relation) as tree
        inner join pg_catalog.pg_class as parts on tree.relid = parts.oid
        where parts.relkind = 'f'
    ) as has_versions
from wanted
left join pg_catalog.pg_class as relations on wanted.relation = relations.oid

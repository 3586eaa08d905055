-- Columns of some tables, of one schema or as the search path finds them. pg_attribute, because
-- information_schema hides what a role may not read. A domain counts as the type below it.
with wanted as (
    select
        name,
        to_regclass(relation) as relation
    from unnest(%(tables)s::text[], %(relations)s::text[]) as tables (name, relation)
)

select
    wanted.name as table_name,
    a.attname::text as name,
    coalesce(base.typname, t.typname)::text as type_name,
    has_column_privilege(a.attrelid, a.attnum, 'select') as is_readable,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as must_be_given
from wanted
inner join pg_catalog.pg_attribute as a on wanted.relation = a.attrelid
inner join pg_catalog.pg_type as t on a.atttypid = t.oid
left join pg_catalog.pg_type as base on t.typbasetype = base.oid
where
    a.attnum > 0
    and not a.attisdropped
order by wanted.name, a.attnum

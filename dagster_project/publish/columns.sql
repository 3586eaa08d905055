-- Columns of the tables that are written, as the search path finds them. pg_attribute, because
-- information_schema hides what a role may not read.
select
    tables.name as table_name,
    a.attname::text as name,
    t.typname::text as type_name,
    a.attnotnull and not a.atthasdef and a.attidentity = '' as must_be_given
from unnest(%(tables)s::text[]) as tables (name)
inner join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(tables.name)
inner join pg_catalog.pg_type as t on a.atttypid = t.oid
where
    a.attnum > 0
    and not a.attisdropped

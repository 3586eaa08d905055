-- What the session's role may not do although publishing must.
select concat(wanted.privilege, ' on ', tables.name) as missing
from unnest(%(tables)s::text[]) as tables (name)
cross join (values ('select'), ('insert'), ('delete')) as wanted (privilege)
where not has_table_privilege(to_regclass(tables.name)::oid, wanted.privilege)
union all
select 'select on jobs (jobspec_id)' as missing
where not coalesce(has_column_privilege(to_regclass('jobs')::oid, 'jobspec_id', 'select'), false)
order by missing

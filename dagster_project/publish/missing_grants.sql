-- What the session's role may not do although rows of executions need it.
select concat(wanted.privilege, ' on executions') as missing
from (values ('select'), ('insert'), ('delete')) as wanted (privilege)
where not coalesce(has_table_privilege(to_regclass('executions')::oid, wanted.privilege), false)
union all
select 'usage on the sequence of executions.id' as missing
from (
    select pg_get_serial_sequence(attrelid::regclass::text, attname) as sequence
    from pg_catalog.pg_attribute
    where attrelid = to_regclass('executions') and attname = 'id'
) as numbered
where numbered.sequence is not null and not has_sequence_privilege(numbered.sequence, 'usage')
union all
select concat('select on jobs (', wanted.name, ')') as missing
from (values ('id'), ('jobspec_id')) as wanted (name)
where not coalesce(has_column_privilege(to_regclass('jobs')::oid, wanted.name, 'select'), false)
order by missing

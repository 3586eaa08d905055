-- Sessions that hold locks on relations of the warehouse: whom a change of them waits for.
select
    sessions.pid,
    sessions.usename,
    coalesce(nullif(sessions.application_name, ''), 'unnamed') as application,
    coalesce(sessions.xact_start, sessions.backend_start) at time zone 'UTC' as since,
    string_agg(distinct locks.relation::regclass::text, ', ') as relations
from pg_catalog.pg_locks as locks
inner join pg_catalog.pg_stat_activity as sessions on locks.pid = sessions.pid
inner join pg_catalog.pg_database as databases on locks.database = databases.oid
inner join pg_catalog.pg_class as class on locks.relation = class.oid
where
    databases.datname = current_database()
    and locks.granted
    and locks.pid <> pg_backend_pid()
    and class.relnamespace::regnamespace::text in (
        'raw', 'staging', 'intermediate', 'scores', 'partitions', 'analytics', 'portal', 'seeds',
        'ops'
    )
group by
    sessions.pid,
    sessions.usename,
    sessions.application_name,
    sessions.xact_start,
    sessions.backend_start
order by since

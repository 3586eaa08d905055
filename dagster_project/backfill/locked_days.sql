-- Days that a living session works on now: the locks of lock_days.sql. A killed run holds none.
select date '2000-01-01' + locks.objid::bigint::integer as job_day
from pg_locks as locks
inner join pg_database as databases on locks.database = databases.oid
where
    databases.datname = current_database()
    and locks.locktype = 'advisory'
    and locks.granted
    and locks.objsubid = 2
    and locks.classid::bigint = (hashtext('beacon.job_day')::bigint & 4294967295)

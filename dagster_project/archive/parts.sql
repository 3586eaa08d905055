-- The tables in which a month's rows lie: the whole table, or parts of it that are the month's own.
select
    parts.relname,
    parts.oid <> {name}::regclass as is_own
from pg_class as parts
where
    parts.oid in (
        select stored.tableoid
        from {table} as stored
        where
            stored.job_day >= %(start)s
            and stored.job_day < %(end)s
    )

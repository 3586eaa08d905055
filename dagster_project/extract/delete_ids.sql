-- Rows that come in again under another job_day, because their job moved, must not stay as ghosts.
delete from {table}
where id = any(%(ids)s::text[]::{id_type}[])

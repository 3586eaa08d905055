-- No row for a role that may not read it.
select coalesce(nullif(pg_tablespace_location(databases.dattablespace), ''), settings.setting)
from pg_settings as settings
cross join pg_database as databases
where
    settings.name = 'data_directory'
    and databases.datname = current_database()

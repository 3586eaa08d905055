-- The role that the pipeline reads the runner's database with: the six tables, never a write.
-- Run it there once as the tables' owner, then set a password:
--   alter role beacon_reader password '…'
do $$
declare
    source_table regclass;
begin
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'beacon_reader') then
        create role beacon_reader login;
    end if;
    foreach source_table in array array[
        'jobs',
        'executions',
        'cross_region_executions',
        'region_results',
        'cross_region_analyses',
        'diffs'
    ]::regclass []
    loop
        execute format(
            'grant usage on schema %s to beacon_reader',
            (select c.relnamespace::regnamespace from pg_catalog.pg_class as c where c.oid = source_table)
        );
        execute format('grant select on %s to beacon_reader', source_table);
    end loop;
end
$$;

alter role beacon_reader set default_transaction_read_only = on;
alter role beacon_reader set statement_timeout = '30min';
alter role beacon_reader set lock_timeout = '30s';
alter role beacon_reader set idle_in_transaction_session_timeout = '30min';

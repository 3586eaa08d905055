-- The role that beacon publish writes with: it may insert into and delete from the three
-- cross-region tables, update nothing, and of jobs it sees nothing but the public ids.
-- Run it in the runner's database once as the tables' owner, then set a password:
--   alter role beacon_publisher password '…'
do $$
declare
    target regclass;
begin
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'beacon_publisher') then
        create role beacon_publisher login;
    end if;
    foreach target in array array[
        'cross_region_executions',
        'region_results',
        'cross_region_analyses'
    ]::regclass []
    loop
        execute format(
            'grant usage on schema %s to beacon_publisher',
            (select c.relnamespace::regnamespace from pg_catalog.pg_class as c where c.oid = target)
        );
        execute format('grant select, insert, delete on %s to beacon_publisher', target);
    end loop;
end
$$;

grant select (jobspec_id) on jobs to beacon_publisher;

alter role beacon_publisher set statement_timeout = '30min';
alter role beacon_publisher set lock_timeout = '30s';
alter role beacon_publisher set idle_in_transaction_session_timeout = '30min';

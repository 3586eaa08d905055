-- Who queries the results: analytics, read-only. Views run with their owner's rights, so nothing
-- below them needs a grant; the functions that they call run with the reader's.
do $$
begin
    if not exists (select 1 from pg_catalog.pg_roles where rolname = 'beacon_analyst') then
        create role beacon_analyst login;
    end if;
exception
    -- Roles belong to the server: another database's schema may be created at this moment.
    when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema analytics, rules to beacon_analyst;
grant select on all tables in schema analytics to beacon_analyst;
grant execute on all functions in schema rules to beacon_analyst;
-- What dbt builds later, and builds anew each time.
alter default privileges in schema analytics grant select on tables to beacon_analyst;
alter default privileges in schema rules grant execute on functions to beacon_analyst;

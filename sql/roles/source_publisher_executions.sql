-- What beacon publish --executions needs beside source_publisher.sql: it writes rows of executions
-- for jobs of the lost days, and deletes those again. Run it after that file as the tables' owner.
-- Take it back with: revoke insert, delete on executions from beacon_publisher
grant select (id, jobspec_id) on jobs to beacon_publisher;
grant select, insert, delete on executions to beacon_publisher;
do $$
begin
    execute format(
        'grant usage on sequence %s to beacon_publisher',
        pg_get_serial_sequence('executions', 'id')
    );
end
$$;

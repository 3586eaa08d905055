-- After the bulk load: sequences continue behind the loaded ids, and the planner knows the tables.
select setval(pg_get_serial_sequence('jobs', 'id'), (select max(jobs.id) from jobs));
select setval(
    pg_get_serial_sequence('executions', 'id'), (select max(executions.id) from executions)
);
select setval(pg_get_serial_sequence('diffs', 'id'), (select max(diffs.id) from diffs));
analyze jobs, executions, cross_region_executions, region_results, cross_region_analyses, diffs;

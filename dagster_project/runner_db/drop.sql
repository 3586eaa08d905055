-- Removes a synthetic runner database. Applied only where its marker was found.
drop schema beacon_synthetic cascade;
drop table diffs, cross_region_analyses, region_results, executions, cross_region_executions, jobs;
drop function touch_updated_at;

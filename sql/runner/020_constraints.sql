-- Foreign keys, indexes and the updated_at trigger. Applied after a bulk load, which is several
-- times faster than maintaining them row by row.
alter table executions add foreign key (job_id) references jobs (id);
alter table executions add foreign key (cross_region_execution_id)
references cross_region_executions (id);
alter table region_results add foreign key (cross_region_execution_id)
references cross_region_executions (id) on delete cascade;
alter table cross_region_analyses add foreign key (cross_region_execution_id)
references cross_region_executions (id) on delete cascade;
alter table diffs add foreign key (job_id) references jobs (id);

create index idx_jobs_status on jobs (status);
create index idx_jobs_created_at on jobs (created_at);
create index idx_jobs_updated_at on jobs (updated_at);
create index idx_jobs_status_created_at on jobs (status, created_at desc);
create index idx_jobs_jobspec_data on jobs using gin (jobspec_data);

create index idx_executions_job_id on executions (job_id);
create index idx_executions_status on executions (status);
create index idx_executions_region on executions (region);
create index idx_executions_created_at on executions (created_at);
create index idx_executions_job_created on executions (job_id, created_at desc);
create index idx_executions_job_status_created on executions (job_id, status, created_at desc);
create index idx_executions_model_id on executions (model_id);
create index idx_executions_model_region on executions (model_id, region);

create index idx_cross_region_executions_jobspec_id on cross_region_executions (jobspec_id);
create index idx_cross_region_executions_status on cross_region_executions (status);
create index idx_cross_region_executions_created_at on cross_region_executions (created_at);

create index idx_region_results_execution on region_results (cross_region_execution_id);
create index idx_region_results_region on region_results (region);
create index idx_region_results_status on region_results (status);
create index idx_region_results_provider_id on region_results (provider_id);

create index idx_cross_region_analyses_execution
on cross_region_analyses (cross_region_execution_id);

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at = now();
    return new;
end
$$;

create trigger cross_region_executions_touch before update on cross_region_executions
for each row execute function touch_updated_at();
create trigger region_results_touch before update on region_results
for each row execute function touch_updated_at();
create trigger cross_region_analyses_touch before update on cross_region_analyses
for each row execute function touch_updated_at();

-- Indexes of optional/question_id.sql. Applied after a bulk load.
create index idx_executions_slot on executions (job_id, region, model_id, question_id);

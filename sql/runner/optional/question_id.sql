-- Optional: the migration that added the question to executions.
alter table executions add column question_id varchar(255);

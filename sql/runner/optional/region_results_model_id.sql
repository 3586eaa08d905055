-- Optional: the migration that added the model to region_results.
alter table region_results add column model_id varchar(50) default 'llama3.2-1b';

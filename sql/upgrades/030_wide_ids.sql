-- The runner's serial keys were integer; nothing keeps them from outgrowing that.
select ops.widen('raw.jobs', 'id');
select ops.widen('raw.executions', 'id', 'job_id');
select ops.widen('raw.diffs', 'id', 'job_id');
select ops.widen('intermediate.int_executions__resolved', 'execution_id', 'job_number');
select ops.widen('intermediate.int_jobs__requested', 'job_number');
select ops.widen('analytics.fct_job_bias_metrics', 'job_number');
select ops.widen('analytics.job_status', 'job_number');

-- Big tables were not partitioned; their rows are moved month by month afterwards.
select ops.partition_by_month('raw.executions');
select ops.partition_by_month('raw.region_results');
select ops.partition_by_month('scores.answers');
select ops.partition_by_month('scores.answer_pairs');
select ops.partition_by_month('intermediate.int_executions__resolved');

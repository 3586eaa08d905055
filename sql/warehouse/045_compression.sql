-- All tables that hold texts and JSON of the runner are there by now.
select ops.compress_wide_columns();

-- Optional: code writes this column, no migration adds it.
alter table cross_region_analyses add column summary_source text;

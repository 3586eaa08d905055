-- dbt adds the new columns of a release to tables that are there; of an array it knows no type.
alter table if exists intermediate.int_jobs__requested
add column if not exists unasked_slots text[];

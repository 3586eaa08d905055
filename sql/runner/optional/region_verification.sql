-- Optional: the migration that added region verification to executions.
alter table executions
add column region_claimed text,
add column region_observed text,
add column verification_method text,
add column preflight_evidence_ref text,
add column region_verified boolean;

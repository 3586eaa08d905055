-- Schemas of the warehouse, in the order in which data flows.
create schema if not exists raw;
create schema if not exists rules;
create schema if not exists scores;
create schema if not exists ops;
create schema if not exists analytics;
create schema if not exists portal;

comment on schema raw is
'Copies of the runner''s six tables, personal data stripped, one job_day at a time.';
comment on schema rules is
'Immutable SQL functions: how a runner row is read. One rule, one function.';
comment on schema scores is 'What the scoring engine computed from answer texts.';
comment on schema ops is 'The pipeline''s own records: quarantine, ledger.';
comment on schema analytics is 'What analysts query.';
comment on schema portal is 'What the portal reads: one JSON payload per job.';

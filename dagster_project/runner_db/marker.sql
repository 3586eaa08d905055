-- Says that a runner database is synthetic, and what was planted in it.
create schema beacon_synthetic;
comment on schema beacon_synthetic is
'This is a synthetic runner database made by beacon-analytics. Nothing in it is real.';
create table beacon_synthetic.manifest (
    spec jsonb not null,
    manifest jsonb not null
);
comment on table beacon_synthetic.manifest is
'What was planted. Grain: one row; it is written in the same transaction as all other rows.';

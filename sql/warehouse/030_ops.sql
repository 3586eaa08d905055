-- The pipeline's own records.
create table if not exists ops.quarantine (
    source_table text not null,
    source_id text not null,
    job_day date not null,
    reason text not null,
    quarantined_at timestamptz not null default now(),
    parent_id text,
    primary key (source_table, source_id)
);
alter table ops.quarantine add column if not exists parent_id text;
comment on table ops.quarantine is
'Source rows that cannot be stored. Grain: one row per source row. Key and reason, no content.';
create index if not exists quarantine_job_day on ops.quarantine (job_day);

comment on column ops.quarantine.source_table is 'Table of the source that the row lies in.';
comment on column ops.quarantine.source_id is 'Its key there.';
comment on column ops.quarantine.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column ops.quarantine.reason is 'Why the row cannot be stored; no content of the row.';
comment on column ops.quarantine.parent_id is
'The job that it names as its own, as stored: jobs.id of an execution or diff, the cross-region
execution of a result or analysis, else the jobspec_id. NULL where the row names none.';
comment on column ops.quarantine.quarantined_at is 'When an extract last met it.';

-- What people say of answers (beacon label). Never emptied by a run.
create table if not exists ops.answer_labels (
    execution_key text not null,
    labeller text not null,
    label text not null,
    text_md5 text not null,
    labelled_at timestamptz not null default now(),
    primary key (execution_key, labeller),
    constraint answer_labels_label check (
        label in ('substantive', 'refusal', 'partial_refusal')
    )
);
comment on table ops.answer_labels is
'Labels of answers by people, which measure how well the rules tell refusals. Grain: one row per
answer and labeller.';
comment on column ops.answer_labels.execution_key is 'Key of the answer in scores.answers.';
comment on column ops.answer_labels.labeller is 'Who labelled it, as beacon label --by says.';
comment on column ops.answer_labels.label is 'substantive, refusal or partial_refusal.';
comment on column ops.answer_labels.text_md5 is
'MD5 of the text that was labelled, the first generation; a label of another text counts no more.';
comment on column ops.answer_labels.labelled_at is 'When the label was imported.';

create table if not exists ops.removed_values (
    source_table text not null,
    job_day date not null,
    kind text not null,
    removed bigint not null,
    primary key (job_day, source_table, kind)
);
comment on table ops.removed_values is
'What the extract did not copy: secrets, personal data and JSON at paths that nothing reads. Grain:
one row per job_day, table of the source and kind. Counts, no content.';
comment on column ops.removed_values.source_table is 'Table of the source.';
comment on column ops.removed_values.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column ops.removed_values.kind is
'What was removed: other_path is JSON that nothing reads, own_value what such a place held and the
row said again; the others are secrets and personal data within texts.';
comment on column ops.removed_values.removed is 'How often, in the rows that were read.';

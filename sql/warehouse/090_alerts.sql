-- What BEACON_ALERT_URLS are told of: each problem once to each, and its end.
create table if not exists ops.alerts (
    kind text not null,
    subject text not null,
    what text not null,
    remedy text not null,
    began_at timestamptz not null default now(),
    ended_at timestamptz,
    told text[] not null default '{}',
    told_end text[] not null default '{}',
    primary key (kind, subject)
);
comment on table ops.alerts is
'Problems that last, or of whose end not everyone was told. Grain: one row per kind and subject.
Empty unless alerts are on.';
comment on column ops.alerts.kind is
'day (failed or quarantined), late (a day that is not current in time), or the name of a check.';
comment on column ops.alerts.subject is 'The job_day (UTC), or the name of the check.';
comment on column ops.alerts.what is 'What is wrong, for a person; no content of any row.';
comment on column ops.alerts.remedy is 'The command that mends it.';
comment on column ops.alerts.began_at is 'When it was first seen.';
comment on column ops.alerts.ended_at is 'When it was seen to be over; NULL while it lasts.';
comment on column ops.alerts.told is
'Targets that were told that it began, by a hash of the URL without its secrets.';
comment on column ops.alerts.told_end is 'Targets that were told that it is over.';

-- What a rate is made of, and from how many on it is shown (docs/metrics.md).

create or replace function rules.is_scored(outcome text) returns boolean
language sql immutable parallel safe as $$
    select outcome in ('substantive', 'refusal', 'partial_refusal')
$$;
comment on function rules.is_scored(text) is
'Whether an outcome says something about refusing; failures, empty answers and blocks do not.';

create or replace function rules.minimum_sample() returns integer
language sql immutable parallel safe as $$
    select 5
$$;
comment on function rules.minimum_sample() is
'A rate of fewer answers or attempts is not shown; its counts are.';

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

create or replace function rules.wilson_interval(k bigint, n bigint) returns double precision[]
language sql immutable parallel safe as $$
    select array[greatest(0, middle - half), least(1, middle + half)]
    from (
        select
            (k + 1.9208) / (n + 3.8416) as middle,
            1.96 / (n + 3.8416) * sqrt(k::double precision * (n - k) / n + 0.9604) as half
        where n > 0
    ) as ends
$$;
comment on function rules.wilson_interval(bigint, bigint) is
'The 95 % interval of k of n by Wilson''s score, as low and high; NULL of nothing. It takes each of
the n for one draw of its own.';

-- Reading JSON of any shape: a path that is not there, or holds something else, gives NULL.

create or replace function rules.is_blank(value text) returns boolean
language sql immutable parallel safe as $$
    select btrim(value, E' \t\n\r\f\u000b\u00a0\u200b\u3000\ufeff') = ''
$$;
comment on function rules.is_blank(text) is
'Whether a text holds white space only, no-break and zero-width spaces included.';

create or replace function rules.text_at(document jsonb, variadic path text[] default '{}')
returns text
language sql immutable parallel safe as $$
    select case
        when jsonb_typeof(document #> path) = 'string' and not rules.is_blank(document #>> path)
            then document #>> path
    end
$$;
comment on function rules.text_at(jsonb, text[]) is
'The non-blank JSON string below a path of keys, unchanged; anything else is NULL.';

create or replace function rules.number_at(document jsonb, variadic path text[]) returns numeric
language sql immutable parallel safe as $$
    select case
        when document #>> path ~ '^-?\d{1,15}(\.\d{1,20})?$' then (document #>> path)::numeric
    end
$$;
comment on function rules.number_at(jsonb, text[]) is
'The number below a path of keys, also when written as a string; anything else is NULL.';

create or replace function rules.names_in(items jsonb) returns text[]
language sql immutable parallel safe as $$
    select coalesce(array_agg(listed.name order by listed.position), '{}')
    from (
        select
            element.position,
            coalesce(
                rules.text_at(element.item),
                rules.text_at(element.item, 'id'),
                rules.text_at(element.item, 'question_id'),
                rules.text_at(element.item, 'name'),
                rules.text_at(element.item, 'question')
            ) as name
        from jsonb_array_elements(
            case jsonb_typeof(items)
                when 'array' then items
                when 'string' then jsonb_build_array(items)
                else '[]'
            end
        ) with ordinality as element (item, position)
    ) as listed
    where listed.name is not null
$$;
comment on function rules.names_in(jsonb) is
'The names in a list of strings or of objects with an id or a name, in order; a string counts as a
list of one.';

create or replace function rules.time_at(document jsonb, variadic path text[]) returns timestamptz
language sql immutable parallel safe as $$
    select (
        make_timestamp(part[1]::integer, part[2]::integer, 1, 0, 0, 0)
        + make_interval(
            days => part[3]::integer - 1,
            hours => part[4]::integer,
            mins => part[5]::integer,
            secs => part[6]::double precision
        )
        - coalesce(nullif(part[7], ''), '+00:00')::interval
    ) at time zone 'UTC'
    from regexp_match(
        document #>> path,
        '^([12]\d{3})-(0[1-9]|1[0-2])-([0-2]\d|3[01])[T ]([01]\d|2[0-3]):([0-5]\d):'
        || '([0-5]\d(?:\.\d{1,9})?)(?:Z|([+-][01]\d:[0-5]\d))?$'
    ) as part
$$;
comment on function rules.time_at(jsonb, text[]) is
'The ISO 8601 time below a path of keys, UTC when it names no zone; anything else is NULL. A day
that its month does not have counts on into the next month instead of failing.';

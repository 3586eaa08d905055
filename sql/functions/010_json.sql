-- Reading JSON of any shape: a path that is not there, or holds something else, gives NULL.

create or replace function rules.blanks() returns text
language sql immutable parallel safe as $$
    select E'\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e'
    || E'\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c'
    || E'\u001d\u001e\u001f\u0020\u007f\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088'
    || E'\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096'
    || E'\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f\u00a0\u00ad\u034f\u061c\u115f'
    || E'\u1160\u1680\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2000\u2001\u2002\u2003\u2004'
    || E'\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a'
    || E'\u202b\u202c\u202d\u202e\u202f\u205f\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067'
    || E'\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3000\u3164\ufe00\ufe01\ufe02'
    || E'\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f\ufeff'
    || E'\uffa0\ufff9\ufffa\ufffb'
$$;
comment on function rules.blanks() is
'Characters that show nothing: controls, spaces of every width, what joins, directs or hides. A text
of nothing else is blank. The same as BLANKS in dagster_project/answer_files.py.';

create or replace function rules.is_blank(value text) returns boolean
language sql immutable parallel safe as $$
    -- What begins visibly is not blank: a search of all of a long text costs a hundred times as much.
    select case
        when ascii(value) between 33 and 126 then false
        else btrim(value, rules.blanks()) = ''
    end
$$;
comment on function rules.is_blank(text) is
'Whether a text shows nothing.';

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

create or replace function rules.count_at(document jsonb, variadic path text[]) returns bigint
language sql immutable parallel safe as $$
    select case when number between 0 and 100000 then round(number) end::bigint
    from rules.number_at(document, variadic path) as number
$$;
comment on function rules.count_at(jsonb, text[]) is
'The count below a path of keys; what no job can count up to is NULL: sums of it stay integers.';

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
    where listed.name is not null and listed.position <= 200
$$;
comment on function rules.names_in(jsonb) is
'The first 200 names in a list of strings or of objects with an id or a name, in order; a
string counts as a list of one.';

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

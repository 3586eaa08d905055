-- What output and receipt say about who answered what (docs/source.md).

create or replace function rules.region_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(nullif(replace(lower(btrim(spelling, E' \t\n\r')), '_', '-'), ''), 'unknown')
$$;
comment on function rules.region_key(text) is
'Key of a region in the seed region_aliases; NULL when nothing is named.';

create or replace function rules.model_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(lower(btrim(spelling, E' \t\n\r')), '')
$$;
comment on function rules.model_key(text) is
'Key of a model in the seed model_aliases, and the id of a model that is not in it.';

create or replace function rules.question_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(nullif(translate(lower(btrim(spelling, E' \t\n\r')), '- ', '__'), ''), 'default')
$$;
comment on function rules.question_key(text) is
'Key of a question in the seed question_aliases, and the id of a question that is not in it; NULL
when none is named.';

create or replace function rules.status_key(spelling text) returns text
language sql immutable parallel safe as $$
    select coalesce(lower(btrim(spelling, E' \t\n\r')), '')
$$;
comment on function rules.status_key(text) is
'Key of a status in the seed status_aliases.';

create or replace function rules.provider_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(replace(lower(btrim(spelling, E' \t\n\r')), '_', '-'), '')
$$;
comment on function rules.provider_key(text) is
'Key of a provider, compared with the patterns of the seed providers; NULL when none is named.';

create or replace function rules.served_region_key(output jsonb, receipt jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.region_key(rules.text_at(output, 'metadata', 'region')),
        rules.region_key(rules.text_at(output, 'data', 'metadata', 'region')),
        rules.region_key(rules.text_at(receipt, 'execution_details', 'region'))
    )
$$;
comment on function rules.served_region_key(jsonb, jsonb) is
'Key of the region that served the request; NULL when neither output nor receipt names one.';

create or replace function rules.served_model_key(output jsonb, receipt jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.model_key(rules.text_at(output, 'metadata', 'model')),
        rules.model_key(rules.text_at(output, 'data', 'metadata', 'model')),
        rules.model_key(rules.text_at(output, 'data', 'model')),
        rules.model_key(rules.text_at(receipt, 'execution_details', 'model')),
        rules.model_key(rules.text_at(receipt, 'provenance', 'execution_env', 'model'))
    )
$$;
comment on function rules.served_model_key(jsonb, jsonb) is
'Key of the model that answered; NULL when neither output nor receipt names one.';

create or replace function rules.receipt_duration_ms(receipt jsonb) returns bigint
language sql immutable parallel safe as $$
    select round(
        duration * case when duration >= 1e6 then 1e-6 else 1e3 end
    )::bigint
    from rules.number_at(receipt, 'execution_details', 'duration') as duration
    where duration >= 0
$$;
comment on function rules.receipt_duration_ms(jsonb) is
'The receipt''s duration in milliseconds. It is written in seconds, from one million on in
nanoseconds.';

create or replace function rules.asked_question(receipt jsonb) returns text
language sql immutable parallel safe as $$
    select nullif(
        btrim(
            coalesce(
                substring(
                    rules.text_at(receipt, 'output', 'prompt')
                    from '(?:^|\n)user\n(.*?)(?:\nassistant(?:\n|$)|$)'
                ),
                rules.text_at(receipt, 'output', 'prompt')
            ),
            E' \t\n\r'
        ),
        ''
    )
$$;
comment on function rules.asked_question(jsonb) is
'What the user asked, by the receipt''s prompt ("system … user <question> assistant").';

create or replace function rules.is_question_list(asked text) returns boolean
language sql immutable parallel safe as $$
    select asked ~ '(^|\s)1[.)]\s.*\s2[.)]\s'
$$;
comment on function rules.is_question_list(text) is
'Whether a prompt asks several numbered questions at once.';

create or replace function rules.receipt_response(receipt jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(receipt, 'output', 'response'),
        rules.text_at(receipt, 'output', 'data', 'response')
    )
$$;
comment on function rules.receipt_response(jsonb) is
'The answer that the receipt holds.';

create or replace function rules.receipt_full_response(receipt jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(receipt, 'output', 'metadata', 'full_response'),
        rules.text_at(receipt, 'output', 'data', 'metadata', 'full_response')
    )
$$;
comment on function rules.receipt_full_response(jsonb) is
'The model''s whole first output that the receipt holds.';

create or replace function rules.is_regenerated(receipt jsonb) returns boolean
language sql immutable parallel safe as $$
    select coalesce(
        strpos(
            rules.receipt_full_response(receipt),
            btrim(rules.receipt_response(receipt), E' \t\n\r')
        ) = 0,
        false
    )
$$;
comment on function rules.is_regenerated(jsonb) is
'Whether the receipt''s answer is no part of the model''s first output: it was asked again (I-24).';

create or replace function rules.copy_key(output jsonb, receipt jsonb) returns text
language sql immutable parallel safe as $$
    select case
        when jsonb_typeof(output) = 'object' and rules.text_at(receipt, 'id') is not null
            then md5(rules.text_at(receipt, 'id') || (output - 'bias_score')::text)
    end
$$;
comment on function rules.copy_key(jsonb, jsonb) is
'Equal for rows that hold the same output and receipt id (I-13); the score that the platform adds
later is left out. NULL when there is no output or no receipt id.';

create or replace function rules.is_identity_bug(
    asked text, stored_question_key text, is_known_question boolean
) returns boolean
language sql immutable parallel safe as $$
    select coalesce(
        asked ~ '^[A-Za-z0-9_-]+$'
        and (is_known_question or rules.question_key(asked) = stored_question_key),
        false
    )
$$;
comment on function rules.is_identity_bug(text, text, boolean) is
'Whether the prompt was a question''s id instead of its text (I-14).';

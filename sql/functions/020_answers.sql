-- Where the answer lies in execution output (docs/source.md). A blank text is no answer.

create or replace function rules.response_text(item jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(item),
        rules.text_at(item, 'response'),
        rules.text_at(item, 'answer'),
        rules.text_at(item, 'text'),
        rules.text_at(item, 'content'),
        rules.text_at(item, 'output')
    )
$$;
comment on function rules.response_text(jsonb) is
'The text of one entry of responses[]: a string, or an object that holds it.';

create or replace function rules.first_response(items jsonb) returns text
language sql immutable parallel safe as $$
    select rules.response_text(element.item)
    from jsonb_array_elements(
        case when jsonb_typeof(items) = 'array' then items else '[]' end
    ) with ordinality as element (item, position)
    where rules.response_text(element.item) is not null
    order by element.position
    limit 1
$$;
comment on function rules.first_response(jsonb) is
'The first entry of responses[] that has text.';

create or replace function rules.count_questions(items jsonb) returns integer
language sql immutable parallel safe as $$
    select count(*)::integer
    from jsonb_array_elements(
        case when jsonb_typeof(items) = 'array' then items else '[]' end
    ) as element (item)
    where rules.text_at(element.item, 'question_id') is not null
$$;
comment on function rules.count_questions(jsonb) is
'How many entries of responses[] name their question.';

create or replace function rules.exploded_items(output jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case
        when
            rules.text_at(output, 'response') is not null
            or rules.text_at(output, 'data', 'response') is not null
            then null
        when rules.count_questions(output #> '{data,responses}') > 1
            then output #> '{data,responses}'
        when rules.count_questions(output -> 'responses') > 1
            then output -> 'responses'
    end
$$;
comment on function rules.exploded_items(jsonb) is
'The responses[] that answer several questions, each of which becomes a row; else NULL.';

create or replace function rules.exploded_responses(output jsonb)
returns table (response_index integer, response jsonb)
language sql immutable parallel safe rows 1 as $$
    select
        element.position::integer,
        element.item
    from jsonb_array_elements(rules.exploded_items(output))
        with ordinality as element (item, position)
$$;
comment on function rules.exploded_responses(jsonb) is
'One row per response of an output that answers several questions, counted from 1; else no row.';

create or replace function rules.answer_text(output jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(output, 'response'),
        rules.text_at(output, 'data', 'response'),
        rules.first_response(output #> '{data,responses}'),
        rules.first_response(output -> 'responses'),
        rules.text_at(output, 'text_output'),
        rules.text_at(output, 'output'),
        rules.text_at(output, 'text'),
        rules.text_at(output, 'content'),
        rules.text_at(output, 'metadata', 'receipt', 'output', 'response')
    )
$$;
comment on function rules.answer_text(jsonb) is
'The answer: the first place of a fixed order that holds text.';

create or replace function rules.answer_text(output jsonb, response_index integer) returns text
language sql immutable parallel safe as $$
    select case
        when response_index is null then rules.answer_text(output)
        else rules.response_text(rules.exploded_items(output) -> (response_index - 1))
    end
$$;
comment on function rules.answer_text(jsonb, integer) is
'The answer of one attempt; response_index counts from 1, NULL for an output with one answer.';

create or replace function rules.is_technical_text(answer text) returns boolean
language sql immutable parallel safe as $$
    select
        btrim(answer, E' \t\n\r') = 'Response extraction failed'
        or starts_with(answer, E'system\n')
        or strpos(answer, 'Please answer the following questions') > 0
$$;
comment on function rules.is_technical_text(text) is
'Whether a text is an artefact of the platform (a failed extraction, an echoed prompt).';

create or replace function rules.error_code(output jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(output, 'failure', 'router_failure', 'code'),
        rules.text_at(output, 'error_code'),
        rules.text_at(output, 'failure', 'code')
    )
$$;
comment on function rules.error_code(jsonb) is
'The code of a failure''s cause, e.g. MODAL_RESPONSE_PARSE_ERROR: what the router met, where it says
so, else what the runner noted.';

create or replace function rules.error_message(output jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(output, 'error'),
        rules.text_at(output, 'error', 'message'),
        rules.text_at(output, 'failure', 'message')
    )
$$;
comment on function rules.error_message(jsonb) is
'What a failure says for people.';

create or replace function rules.is_timeout(output jsonb, message text) returns boolean
language sql immutable parallel safe as $$
    select
        coalesce(rules.error_code(output) = 'ROUTER_TIMEOUT', false)
        or 'timeout' in (
            coalesce(rules.text_at(output, 'failure', 'type'), ''),
            coalesce(rules.text_at(output, 'failure', 'router_failure', 'type'), '')
        )
        or coalesce(message collate "C" ~* '(deadline exceeded|timed[ -]?out|time-?out)', false)
$$;
comment on function rules.is_timeout(jsonb, text) is
'Whether a failure says that it ended at a time limit.';

create or replace function rules.is_retry_output(output jsonb) returns boolean
language sql immutable parallel safe as $$
    select coalesce(jsonb_typeof(output) = 'object' and output ?| '{provider_used,inference_sec}', false)
$$;
comment on function rules.is_retry_output(jsonb) is
'Whether an output has the shape that only a retry writes (variant F, I-26).';

create or replace function rules.retry_duration_ms(output jsonb) returns bigint
language sql immutable parallel safe as $$
    select round(rules.number_at(output, 'inference_sec') * 1000)::bigint
$$;
comment on function rules.retry_duration_ms(jsonb) is
'How long a retry took; a retried row keeps the receipt of its first attempt.';

-- What output and receipt say about who answered what (docs/source.md).

create or replace function rules.evidence_text(output jsonb, receipt jsonb, variadic path text[])
returns text
language sql immutable parallel safe as $$
    select coalesce(
        rules.text_at(receipt, variadic array['output'] || path),
        rules.text_at(
            receipt, variadic array['output', 'data', 'metadata', 'receipt', 'output'] || path
        ),
        rules.text_at(output, variadic array['metadata', 'receipt', 'output'] || path),
        rules.text_at(output, variadic array['data', 'metadata', 'receipt', 'output'] || path)
    )
$$;
comment on function rules.evidence_text(jsonb, jsonb, text[]) is
'What the model host noted of a generation (prompt, system_prompt, response, metadata …), from
everywhere it lies, in the order of trust: the receipt of a standard row, that within a cross-region
receipt, that within the output, that within a region result.';

create or replace function rules.evidence_number(output jsonb, receipt jsonb, variadic path text[])
returns numeric
language sql immutable parallel safe as $$
    select coalesce(
        rules.number_at(receipt, variadic array['output'] || path),
        rules.number_at(
            receipt, variadic array['output', 'data', 'metadata', 'receipt', 'output'] || path
        ),
        rules.number_at(output, variadic array['metadata', 'receipt', 'output'] || path),
        rules.number_at(output, variadic array['data', 'metadata', 'receipt', 'output'] || path)
    )
$$;
comment on function rules.evidence_number(jsonb, jsonb, text[]) is
'A number of a generation, from the same places as rules.evidence_text.';

create or replace function rules.is_provider_block(output jsonb, receipt jsonb) returns boolean
language sql immutable parallel safe as $$
    select
        'content_filter' in (
            coalesce(rules.text_at(output, 'metadata', 'finish_reason'), ''),
            coalesce(rules.text_at(output, 'data', 'metadata', 'finish_reason'), ''),
            coalesce(rules.text_at(receipt, 'output', 'data', 'metadata', 'finish_reason'), ''),
            coalesce(rules.evidence_text(output, receipt, 'metadata', 'finish_reason'), ''),
            coalesce(rules.text_at(output, 'failure', 'type'), '')
        )
        or coalesce(rules.number_at(output, 'failure', 'http_status') in (403, 451), false)
        or coalesce(
            rules.number_at(output, 'failure', 'router_failure', 'http_status') in (403, 451), false
        )
        or coalesce(rules.error_code(output) in ('ROUTER_HTTP_403', 'ROUTER_HTTP_451'), false)
$$;
comment on function rules.is_provider_block(jsonb, jsonb) is
'Whether the provider refused to run the request: a content filter, or HTTP 403 (forbidden) or 451
(legal reasons). The other 4xx are faults of the request or the rate. Never read from the text.';

create or replace function rules.archived_in(output jsonb, receipt jsonb) returns text
language sql immutable parallel safe as $$
    select coalesce(
        receipt ->> 'archived_in',
        output #>> '{metadata,receipt,archived_in}',
        output #>> '{data,metadata,receipt,archived_in}'
    )
$$;
comment on function rules.archived_in(jsonb, jsonb) is
'The file in which a receipt lies that was taken out of a row (beacon prune --raw-older-than).';

create or replace function rules.without_receipt(output jsonb, file text) returns jsonb
language sql immutable parallel safe as $$
    select
        case
            -- Where there is no other, the answer is the receipt's.
            when rules.answer_text(outputs.slim) is not distinct from rules.answer_text(output)
                then outputs.slim
            else output
        end
    from (
        select
            case
                when jsonb_typeof(output #> '{metadata,receipt}') = 'object'
                    then jsonb_set(output, '{metadata,receipt}', marks.mark)
                when jsonb_typeof(output #> '{data,metadata,receipt}') = 'object'
                    then jsonb_set(output, '{data,metadata,receipt}', marks.mark)
                else output
            end as slim
        from (select jsonb_build_object('archived_in', file) as mark) as marks
    ) as outputs
$$;
comment on function rules.without_receipt(jsonb, text) is
'An output with the name of a file in place of the receipt within it; the answer stays.';

create or replace function rules.refuse_archived(file text) returns jsonb
language plpgsql immutable parallel safe as $$
begin
    raise exception 'receipts of this day lie in %, and not in raw.*', file
        using
            errcode = 'data_exception',
            hint = 'Take the day again from the source: beacon backfill --again --from DAY --to DAY';
end
$$;
comment on function rules.refuse_archived(text) is
'Ends what needs a receipt that was archived: without it the result would be another one.';

create or replace function rules.fresh_receipt(output jsonb, receipt jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case
        when rules.archived_in(output, receipt) is not null
            then rules.refuse_archived(rules.archived_in(output, receipt))
        when
            not (
                rules.is_retry_output(output)
                and coalesce(jsonb_typeof(output #> '{metadata,receipt}') = 'object', false)
            )
            then receipt
    end
$$;
comment on function rules.fresh_receipt(jsonb, jsonb) is
'The receipt, but for a retry that brought its own: the row keeps that of the first try (I-26). An
error when it was archived.';

create or replace function rules.prompt_key(system_prompt text, region text) returns text
language sql immutable parallel safe as $$
    select case
        when system_prompt is not null
            then regexp_replace(
                lower(
                    regexp_replace(
                        btrim(system_prompt, E' \t\n\r') collate "C", '\s+', ' ', 'g'
                    )
                ),
                case region
                    when 'US' then '\mbased in the us\M'
                    when 'EU' then '\mbased in europe\M'
                    when 'ASIA' then '\mbased in asia\M'
                    else '\mbased in here\M'
                end,
                'based in {region}'
            )
    end
$$;
comment on function rules.prompt_key(text, text) is
'Key of a system prompt in the seed prompt_variants. The platform names the answering region in it:
that is one prompt, not three.';

create or replace function rules.bounded_key(value text) returns text
language sql immutable parallel safe as $$
    select case
        when octet_length(value) <= 255 then value
        else left(value, 50) || '…' || md5(value)
    end
$$;
comment on function rules.bounded_key(text) is
'A key that an index can hold: a longer one begins like it and ends with its hash.';

-- Keys fold ASCII letters by the collation "C": under others case is another matter in each
-- language, and "ASIA" no spelling of asia.

create or replace function rules.region_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(nullif(replace(lower(btrim(spelling, rules.blanks()) collate "C"), '_', '-'), ''), 'unknown')
$$;
comment on function rules.region_key(text) is
'Key of a region in the seed region_aliases; NULL when nothing is named.';

create or replace function rules.model_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(lower(btrim(spelling, rules.blanks()) collate "C"), '')
$$;
comment on function rules.model_key(text) is
'Key of a model in the seed model_aliases, and the id of a model that is not in it.';

create or replace function rules.question_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(nullif(translate(lower(btrim(spelling, rules.blanks()) collate "C"), '- ', '__'), ''), 'default')
$$;
comment on function rules.question_key(text) is
'Key of a question in the seed question_aliases, and the id of a question that is not in it; NULL
when none is named.';

create or replace function rules.status_key(spelling text) returns text
language sql immutable parallel safe as $$
    select coalesce(lower(btrim(spelling, rules.blanks()) collate "C"), '')
$$;
comment on function rules.status_key(text) is
'Key of a status in the seed status_aliases.';

create or replace function rules.provider_key(spelling text) returns text
language sql immutable parallel safe as $$
    select nullif(replace(lower(btrim(spelling, rules.blanks()) collate "C"), '_', '-'), '')
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

create or replace function rules.served_provider_key(output jsonb, receipt jsonb) returns text
language sql immutable parallel safe as $$
    select rules.provider_key(
        coalesce(
            rules.text_at(receipt, 'execution_details', 'provider_id'),
            rules.text_at(
                output, 'data', 'metadata', 'receipt', 'execution_details', 'provider_id'
            )
        )
    )
$$;
comment on function rules.served_provider_key(jsonb, jsonb) is
'Key of the provider that served the request; NULL when no receipt names one.';

create or replace function rules.receipt_duration_ms(output jsonb, receipt jsonb) returns bigint
language sql immutable parallel safe as $$
    select round(
        duration * case when duration >= 1e6 then 1e-6 else 1e3 end
    )::bigint
    from coalesce(
        rules.number_at(receipt, 'execution_details', 'duration'),
        rules.number_at(output, 'metadata', 'receipt', 'execution_details', 'duration'),
        rules.number_at(output, 'data', 'metadata', 'receipt', 'execution_details', 'duration')
    ) as duration
    where duration >= 0
$$;
comment on function rules.receipt_duration_ms(jsonb, jsonb) is
'The duration in milliseconds by the receipt, or the one within the output. It is written in
seconds, from one million on in nanoseconds.';

create or replace function rules.receipt_started_at(output jsonb, receipt jsonb)
returns timestamptz
language sql immutable parallel safe as $$
    select to_timestamp(started_at::double precision)
    from coalesce(
        rules.number_at(receipt, 'execution_details', 'started_at'),
        rules.number_at(output, 'metadata', 'receipt', 'execution_details', 'started_at')
    ) as started_at
    where started_at between 1 and 4102444800
$$;
comment on function rules.receipt_started_at(jsonb, jsonb) is
'When the model host began, by its receipt: seconds since 1970, up to the year 2100. NULL for
anything else, also for the texts that cross-region receipts hold.';

create or replace function rules.asked_question(prompt text) returns text
language sql immutable parallel safe as $$
    -- By plain searches: a regular expression costs ten times as much.
    select nullif(
        btrim(
            case
                when strpos(E'\n' || prompt, E'\nuser\n') > 0
                    then split_part(
                        substr(E'\n' || prompt, strpos(E'\n' || prompt, E'\nuser\n') + 6) || E'\n',
                        E'\nassistant\n',
                        1
                    )
                else prompt
            end,
            E' \t\n\r'
        ),
        ''
    )
$$;
comment on function rules.asked_question(text) is
'What the user asked, by a prompt ("system … user <question> assistant", or the question alone).';

create or replace function rules.is_question_list(asked text) returns boolean
language sql immutable parallel safe as $$
    select asked ~ '(^|\s)1[.)]\s.*\s2[.)]\s'
$$;
comment on function rules.is_question_list(text) is
'Whether a prompt asks several numbered questions at once.';

create or replace function rules.is_regenerated(response text, full_response text)
returns boolean
language sql immutable parallel safe as $$
    select coalesce(strpos(full_response, btrim(response, E' \t\n\r')) = 0, false)
$$;
comment on function rules.is_regenerated(text, text) is
'Whether an answer is no part of the model''s first output: it was asked again (I-24).';

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

{#-
    The rules of int_executions__resolved that read columns of its CTEs: kept here so that the
    incidents stand in one list each. Seed `incidents` says what each flag means.
-#}

{#- Model ids of the simulated provider (I-5). -#}
{% macro is_mock_model(column) -%}
    coalesce({{ column }} = 'simulated-llm', false)
{%- endmacro %}

{#-
    The stored model is the column's default and says nothing: the row is from before models were
    stored, or another model answered (I-3).
-#}
{% macro is_default_model() -%}
    source <> 'cross_region_result'
    and coalesce(stored_model, 'llama3.2-1b') = 'llama3.2-1b'
    and ({{ is_before_stored_models() }} or model_id is distinct from stored_model)
{%- endmacro %}

{% macro is_before_stored_models() -%}
    known_at < timestamptz '2025-09-27 00:00:00+00'
{%- endmacro %}

{#-
    The model whose slot an attempt fills: the stored one. Where that is only the default, it is the
    one that answered, unless the job asked for several and so stored what it asked for.
-#}
{% macro requested_model_id() -%}
    case
        when source = 'cross_region_result' then model_id
        when is_default_model and ({{ is_before_stored_models() }} or not is_multi_model_job)
            then model_id
        else stored_model
    end
{%- endmacro %}

{#-
    The prompt was the text of another question than the row's (I-32): of a known one, or of another
    one of the job. For a question outside its catalogue the platform sends the spec's prompt, which
    is the text of the first question.
-#}
{% macro is_other_question_asked() -%}
    coalesce(
        attempts.stored_question_key is not null
        and attempts.asked_question_id <> attempts.question_id
        and (
            asked.question_id is not null
            or attempts.asked_question_id = any(jobs.requested_questions)
            or (
                attempts.asked_question_id = jobs.prompt_question_id
                and attempts.question_id <> jobs.first_question_id
            )
        ),
        false
    )
{%- endmacro %}

{#- Incident flags of an attempt, sorted by name. -#}
{% macro execution_flags() -%}
    array_remove(
        array[
            case when is_after_cancel and status = 'completed' then 'after_cancel' end,
            case when attempt_reason = 'copied' then 'copied' end,
            case when is_default_model then 'default_model' end,
            case when attempt_reason = 'duplicate' then 'duplicate' end,
            case
                when
                    error_code = 'RUNNER_EARLY_FAILURE'
                    or (
                        status = 'failed'
                        and requested_region = 'UNKNOWN'
                        and stored_question_key is null
                        and elapsed_ms = 0
                    )
                    then 'early_failure'
            end,
            case when text_state = 'empty' then 'empty_answer' end,
            case when is_identity_bug then 'identity_bug' end,
            case
                when elapsed_ms > receipt_duration_ms + 1000 then 'inflated_start'
            end,
            case when is_mock then 'mock' end,
            case when question_id = 'multi' then 'multi_question' end,
            case when elapsed_ms < 0 then 'negative_duration' end,
            case
                when known_at < timestamptz '2025-09-30 00:00:00+00' or max_tokens = 128
                    then 'old_generation_parameters'
            end,
            case when job_id is null then 'orphan' end,
            case when is_other_question_asked then 'other_question_asked' end,
            case
                when
                    status = 'failed'
                    and not has_output
                    and elapsed_ms >= 0
                    and elapsed_ms < 1000
                    then 'outage'
            end,
            case
                when stored_question_key is null and question_id is not null
                    then 'question_recovered'
            end,
            case when is_regenerated and has_answer then 'regenerated' end,
            case when is_resubmitted then 'resubmitted' end,
            case when is_retried then 'retried' end,
            case
                when status = 'completed' and text_state = 'technical_failure'
                    then 'technical_text'
            end,
            case when is_test_job then 'test_job' end,
            case
                -- The runner's own time-out is noted as a network failure. Without a cause there is
                -- none to tell: a duration may be the whole region's.
                when
                    status = 'timeout'
                    or (status = 'failed' and is_timeout)
                    or (
                        status = 'failed'
                        and error_code = 'ROUTER_NETWORK'
                        and source = 'standard'
                        and elapsed_ms >= 40000
                    )
                    then 'timeout'
            end,
            case when is_unknown_model then 'unknown_model' end,
            case when is_unknown_question and question_id is distinct from 'multi'
                then 'unknown_question'
            end,
            case when region in ('UNKNOWN', 'OTHER') then 'unknown_region' end,
            case when status = 'unknown' then 'unknown_status' end,
            case
                when not is_default_model and model_id <> stored_model
                    then 'wrong_model'
            end,
            case
                when requested_region <> 'UNKNOWN' and region <> requested_region
                    then 'wrong_region'
            end,
            case when has_zero_time then 'zero_time' end
        ],
        null
    )
{%- endmacro %}

{#- Why an attempt is out of rates and comparisons: the first that holds; null when it counts. -#}
{% macro exclusion_reason() -%}
    case
        when job_id is null then 'orphan'
        when is_mock then 'mock'
        when status = 'in_flight' then 'in_flight'
        when status = 'cancelled' then 'cancelled'
        when status = 'unknown' then 'unknown_status'
        when is_provider_block then 'provider_block'
        when text_state = 'technical_failure' then 'technical_failure'
        when text_state = 'empty' then 'empty_answer'
        when is_identity_bug then 'identity_bug'
        when is_other_question_asked then 'other_question_asked'
        when region = 'UNKNOWN' then 'unknown_region'
        when is_test_job then 'test_job'
        when question_id = 'multi' then 'multi_question'
        when is_retried then 'retried'
    end
{%- endmacro %}

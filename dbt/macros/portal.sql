{#- A timestamptz as the portal reads it: RFC 3339 in UTC. -#}
{% macro rfc3339(column) -%}
    to_char({{ column }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{%- endmacro %}

{#- An object with one key; empty where the value is not of the JSON type that the contract asks for.
    Such keys are merged in after jsonb_strip_nulls, which would reach into the value. -#}
{% macro typed_key(name, value, type) -%}
    case
        when jsonb_typeof({{ value }}) = '{{ type }}'
            then jsonb_build_object('{{ name }}', {{ value }})
        else '{}'::jsonb
    end
{%- endmacro %}

{#- A uuid that depends on nothing but a text: marked as version 3 (name-based, MD5). -#}
{% macro derived_uuid(name) -%}
    overlay(overlay(md5({{ name }}) placing '3' from 13) placing 'a' from 17)::uuid
{%- endmacro %}

{#- A stored rate as the portal shows it: k of n always, the rate only where the sample allows it. -#}
{% macro shown_rate(k, n, estimate, low, high, reason) -%}
    jsonb_build_object(
        'k', {{ k }},
        'n', {{ n }},
        'rate', {{ estimate }},
        'ci_low', {{ low }},
        'ci_high', {{ high }},
        'reason', {{ reason }}
    )
{%- endmacro %}

{#- A share of counts; null below the minimum sample. -#}
{% macro enough_of(k, n) -%}
    case
        when {{ n }} >= rules.minimum_sample()
            then round({{ k }}::numeric / {{ n }}, 12)::double precision
    end
{%- endmacro %}

{#- A rate of counts as shown_rate, with Wilson's interval. -#}
{% macro success_rate(k, n) -%}
    {{ shown_rate(
        k,
        n,
        enough_of(k, n),
        'case when ' ~ n ~ ' >= rules.minimum_sample() then (rules.wilson_interval(' ~ k ~ ', ' ~ n ~ '))[1] end',
        'case when ' ~ n ~ ' >= rules.minimum_sample() then (rules.wilson_interval(' ~ k ~ ', ' ~ n ~ '))[2] end',
        "case when " ~ n ~ " = 0 then 'no_attempts' when " ~ n ~ " < rules.minimum_sample() then 'too_few_answers' end"
    ) }}
{%- endmacro %}

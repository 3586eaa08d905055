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

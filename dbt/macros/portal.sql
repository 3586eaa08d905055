{#- A timestamptz as the portal reads it: RFC 3339 in UTC, no trailing zeros. -#}
{% macro rfc3339(column) -%}
    rtrim(
        rtrim(to_char({{ column }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.'
    ) || 'Z'
{%- endmacro %}

{#- An object with one key, or without it where the value is null: the contract's optional keys. -#}
{% macro optional_key(name, value) -%}
    case
        when {{ value }} is null then '{}'::jsonb
        else jsonb_build_object('{{ name }}', {{ value }})
    end
{%- endmacro %}

{#- A JSON value if it has the type that the contract asks for, else null. -#}
{% macro json_of_type(value, type) -%}
    case when jsonb_typeof({{ value }}) = '{{ type }}' then {{ value }} end
{%- endmacro %}

{#- A uuid that depends on nothing but the text: marked as version 3 (name-based, MD5). -#}
{% macro derived_uuid(name) -%}
    overlay(overlay(md5({{ name }}) placing '3' from 13) placing 'a' from 17)::uuid
{%- endmacro %}

{#- information_schema calls every array ARRAY, which no cast accepts. All arrays here hold text. -#}
{% macro postgres__safe_cast(field, type) -%}
    cast({{ field }} as {{ 'text[]' if type == 'ARRAY' else type }})
{%- endmacro %}

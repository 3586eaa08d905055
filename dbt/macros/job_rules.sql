{#- Whether a cross-region job is of the days in which results were not stored (docs/source.md). -#}
{% macro is_of_lost_period() -%}
    coalesce(
        jobs.workflow = 'cross_region'
        and jobs.created_at >= timestamptz '2025-10-08 00:00:00+00'
        and jobs.created_at < timestamptz '2025-10-13 16:16:00+00',
        false
    )
{%- endmacro %}

{#- Whether nothing more will come of a job, by what its rows declare; its slots may tell earlier. -#}
{% macro job_has_ended() -%}
    (
        coalesce(jobs.status in ('completed', 'failed', 'timeout', 'cancelled'), false)
        or coalesce(jobs.cross_region_source_status in ('completed', 'partial', 'failed'), false)
        or {{ is_of_lost_period() }}
    )
{%- endmacro %}

-- Reads the stored rates of periods: nothing is counted per request.
select
    rates.region,
    rates.period_kind,
    rates.period_start,
    jsonb_build_object(
        'region', rates.region,
        'period_kind', rates.period_kind,
        'period_start', rates.period_start,
        'models',
        jsonb_agg(
            jsonb_build_object('model_id', rates.model_id, 'rates', rates.metrics)
            order by rates.model_id
        )
    ) as payload
from (
    select
        region,
        period_kind,
        period_start,
        model_id,
        jsonb_object_agg(
            metric,
            {{ shown_rate('k', 'n', 'estimate', 'ci_low', 'ci_high', 'reason') }}
            || jsonb_build_object('questions', questions)
        ) as metrics
    from {{ source('analytics', 'region_rates') }}
    where period_kind in ('month', 'all')
    group by region, period_kind, period_start, model_id
) as rates
group by rates.region, rates.period_kind, rates.period_start

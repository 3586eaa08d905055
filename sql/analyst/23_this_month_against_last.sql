-- Question: how does the newest month compare with the one before?
-- Grain:    one row per metric, model and region of either month; the largest change first.
--           Intervals are of each month alone; has_moved is the test against the months before.
with months as (
    select
        max(period_start) as this_month,
        cast(max(period_start) - interval '1 month' as date) as last_month
    from analytics.region_rates
    where period_kind = 'month'
),

this_month as (
    select rates.*
    from analytics.region_rates as rates
    inner join months on rates.period_start = months.this_month
    where rates.period_kind = 'month'
),

last_month as (
    select rates.*
    from analytics.region_rates as rates
    inner join months on rates.period_start = months.last_month
    where rates.period_kind = 'month'
)

select
    months.this_month,
    coalesce(this_month.metric, last_month.metric) as metric,
    coalesce(this_month.model_id, last_month.model_id) as model_id,
    coalesce(this_month.region, last_month.region) as region,
    last_month.estimate as last_estimate,
    last_month.ci_low as last_ci_low,
    last_month.ci_high as last_ci_high,
    last_month.n as last_n,
    coalesce(last_month.reason, case when last_month.metric is null then 'no_attempts' end)
        as last_reason,
    this_month.estimate,
    this_month.ci_low,
    this_month.ci_high,
    this_month.n,
    coalesce(this_month.reason, case when this_month.metric is null then 'no_attempts' end)
        as reason,
    this_month.estimate - last_month.estimate as change,
    moves.has_moved,
    moves.q_value,
    moves.reason as no_test_reason
from this_month
full join last_month
    on
        this_month.metric = last_month.metric
        and this_month.model_id = last_month.model_id
        and this_month.region = last_month.region
cross join months
left join analytics.metric_changes as moves
    on
        moves.period_kind = 'month'
        and months.this_month = moves.period_start
        and this_month.metric = moves.metric
        and this_month.model_id = moves.model_id
        and this_month.region = moves.region
order by
    abs(this_month.estimate - last_month.estimate) desc nulls last,
    metric asc, model_id asc, region asc

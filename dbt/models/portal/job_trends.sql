-- Adds up counts per day, and reads the stored rates of periods: nothing is counted per request.

with

days as (

    select
        job_day,
        max(total) filter (where unit = 'job') as jobs,
        max(affected) filter (where unit = 'job' and measure = 'analysed') as analysed,
        max(affected) filter (where unit = 'job' and measure = 'lost') as lost,
        max(total) filter (where unit = 'slot') as expected,
        max(affected) filter (where unit = 'slot' and measure = 'completeness') as answered
    from {{ ref('data_quality_daily') }}
    where unit in ('job', 'slot')
    group by job_day

),

periods as (

    select
        case units.unit when 'week' then 'iso_week' else units.unit end as period_kind,
        date_trunc(units.unit, days.job_day::timestamp)::date as period_start,
        coalesce(sum(days.jobs), 0)::bigint as jobs,
        coalesce(sum(days.analysed), 0)::bigint as analysed,
        coalesce(sum(days.lost), 0)::bigint as lost,
        coalesce(sum(days.expected), 0)::bigint as expected,
        coalesce(sum(days.answered), 0)::bigint as answered
    from days
    cross join unnest(array['day', 'week', 'month']) as units (unit)
    group by units.unit, date_trunc(units.unit, days.job_day::timestamp)

)

select
    periods.period_kind,
    periods.period_start,
    jsonb_build_object(
        'period_kind', periods.period_kind,
        'period_start', periods.period_start,
        'jobs', periods.jobs,
        'analysed', periods.analysed,
        'lost', periods.lost,
        'expected', periods.expected,
        'answered', periods.answered,
        'completeness', {{ enough_of('periods.answered', 'periods.expected') }},
        'completeness_reason',
        case
            when periods.expected = 0 then 'nothing_expected'
            when periods.expected < rules.minimum_sample() then 'too_few_answers'
        end,
        'refusals',
        coalesce(
            (
                select
                    jsonb_agg(
                        jsonb_build_object('model_id', rates.model_id, 'region', rates.region)
                        || {{ shown_rate(
                            'rates.k', 'rates.n', 'rates.estimate', 'rates.ci_low', 'rates.ci_high',
                            'rates.reason'
                        ) }}
                        order by rates.model_id, rates.region
                    )
                from {{ source('analytics', 'region_rates') }} as rates
                where
                    rates.period_kind = periods.period_kind
                    and rates.period_start = periods.period_start
                    and rates.metric = 'refusal_rate'
            ),
            '[]'
        )
    ) as payload
from periods

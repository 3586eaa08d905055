{{ config(
    unique_key='quality_key',
    indexes=[
        {'columns': ['quality_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

{% set source_tables = [
    'jobs', 'executions', 'cross_region_executions', 'region_results', 'cross_region_analyses',
    'diffs',
] %}

with

incidents as (

    select * from {{ ref('incidents') }}

),

attempts as (

    select
        job_day,
        'attempt' as unit,
        1 as weight,
        flags || array[
            case
                when stored_region not in ('us-east', 'eu-west', 'asia-pacific', 'US', 'EU', 'ASIA')
                    then 'region_spelling'
            end,
            case when prompt_variant <> 'default' then 'prompt_variant' end
        ] as measures
    from {{ ref('int_executions__resolved') }}
    where {{ window_predicate('job_day') }}

),

job_statuses as (

    select * from {{ ref('job_status') }}
    where {{ window_predicate('job_day') }}

),

jobs as (

    select
        job_day,
        'job' as unit,
        1 as weight,
        flags || array[
            case when analysis_state = 'analysed' then 'analysed' end,
            case when status = 'lost' then 'lost' end,
            case
                when attempts > 0 and missing > 0 and status <> 'in_flight' then 'missing_slots'
            end
        ] as measures
    from job_statuses

),

slots as (

    select
        job_statuses.job_day,
        'slot' as unit,
        outcome.weight,
        outcome.measures
    from job_statuses
    cross join lateral (
        values
        (job_statuses.answered, array['completeness']),
        (job_statuses.expected - job_statuses.answered, null)
    ) as outcome (weight, measures)

),

analyses as (

    select
        job_day,
        'analysis' as unit,
        1 as weight,
        array[
            case when is_placeholder then 'placeholder_analysis' end,
            case when bias_variance = 0 and not is_placeholder then 'stored_zero_variance' end
        ] as measures
    from {{ ref('stg_runner__cross_region_analyses') }}
    where {{ window_predicate('job_day') }}

),

executions as (

    select
        job_day,
        'execution' as unit,
        1 as weight,
        array[
            case
                when coalesce(response_classification, 'unknown') = 'unknown'
                    then 'unfilled_classification'
            end
        ] as measures
    from {{ source('raw', 'executions') }}
    where {{ window_predicate('job_day') }}

),

source_rows as (

    {% for table in source_tables %}
        select
            job_day,
            'source_row' as unit,
            1 as weight,
            null::text[] as measures
        from {{ source('raw', table) }}
        where {{ window_predicate('job_day') }}
        union all
    {% endfor %}
    select
        job_day,
        'source_row' as unit,
        1 as weight,
        array['quarantined'] as measures
    from {{ source('ops', 'quarantine') }}
    where {{ window_predicate('job_day') }}

),

observed as (

    select * from attempts
    union all
    select * from jobs
    union all
    select * from slots
    union all
    select * from analyses
    union all
    select * from executions
    union all
    select * from source_rows

),

totals as (

    select
        job_day,
        unit,
        sum(weight) as total
    from observed
    group by job_day, unit

),

-- Every incident on every day that has its unit: a zero says that it was looked for.
expected_measures as (

    select
        totals.job_day,
        totals.unit,
        incidents.flag as measure,
        0 as weight
    from totals
    inner join incidents on totals.unit = incidents.unit
    -- Nothing tells that a text contradicts its numbers (I-21); it is never used.
    where incidents.flag <> 'summary_contradicts'

),

counted as (

    select
        job_day,
        unit,
        measure,
        sum(weight) as affected
    from (
        select
            observed.job_day,
            observed.unit,
            listed.measure,
            observed.weight
        from observed
        cross join lateral unnest(observed.measures) as listed (measure)
        where listed.measure is not null
        union all
        select * from expected_measures
    ) as measured
    group by job_day, unit, measure

)

select
    concat_ws('/', counted.job_day, counted.unit, counted.measure) as quality_key,
    counted.job_day,
    counted.measure,
    incidents.incident_id,
    counted.unit,
    counted.affected::bigint as affected,
    totals.total::bigint as total,
    round(counted.affected::numeric / nullif(totals.total, 0), 12)::double precision as ratio
from counted
inner join totals
    on
        counted.job_day = totals.job_day
        and counted.unit = totals.unit
left join incidents
    on
        counted.unit = incidents.unit
        and counted.measure = incidents.flag

-- Question: which measures of data quality moved between two days?
-- Grain:    one row per unit and measure whose share differs.
-- Change:   the days in `days`; as it stands, the last day of data and the one before it.
with

days as (

    select
        max(job_day) as later_day,
        (array_agg(distinct job_day order by job_day desc))[2] as earlier_day
    from analytics.data_quality_daily

),

earlier as (

    select quality.*
    from analytics.data_quality_daily as quality
    inner join days on quality.job_day = days.earlier_day

),

later as (

    select quality.*
    from analytics.data_quality_daily as quality
    inner join days on quality.job_day = days.later_day

)

select
    coalesce(earlier.unit, later.unit) as unit,
    coalesce(earlier.measure, later.measure) as measure,
    coalesce(earlier.affected, 0) as affected_before,
    earlier.ratio as ratio_before,
    coalesce(later.affected, 0) as affected_after,
    later.ratio as ratio_after
from earlier
full outer join later
    on
        earlier.unit = later.unit
        and earlier.measure = later.measure
where earlier.ratio is distinct from later.ratio
order by abs(coalesce(later.ratio, 0) - coalesce(earlier.ratio, 0)) desc, unit asc, measure asc

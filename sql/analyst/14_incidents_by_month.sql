-- Question: which known incidents does the data show, and when?
-- Grain:    one row per incident and month with at least one case.
select
    incident_id,
    measure,
    unit,
    date_trunc('month', job_day)::date as month,
    sum(affected) as affected,
    sum(total) as total,
    round(sum(affected) / nullif(sum(total), 0), 4) as ratio
from analytics.data_quality_daily
where incident_id is not null
group by incident_id, measure, unit, date_trunc('month', job_day)::date
having sum(affected) > 0
order by split_part(incident_id, '-', 2)::integer, month

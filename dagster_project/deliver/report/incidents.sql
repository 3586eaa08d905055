-- Grain: one row per known incident that the days show, the most frequent first.
select
    quality.incident_id,
    incidents.title,
    incidents.treatment,
    quality.unit,
    sum(quality.affected)::bigint as affected,
    sum(quality.total)::bigint as total
from analytics.data_quality_daily as quality
inner join seeds.incidents as incidents on quality.incident_id = incidents.incident_id
where quality.job_day between %(first_day)s and %(last_day)s
group by quality.incident_id, incidents.title, incidents.treatment, quality.unit
having sum(quality.affected) > 0
order by sum(quality.affected)::double precision / sum(quality.total) desc, quality.incident_id asc

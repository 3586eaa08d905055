-- Grain: one row per region and model of a period, with each rate of portal.region_profile.
select
    profiles.region,
    models.model_id,
    models.rates
from portal.region_profile as profiles
cross join jsonb_to_recordset(profiles.payload -> 'models') as models (model_id text, rates jsonb)
where profiles.period_kind = %(kind)s and profiles.period_start = %(start)s
order by profiles.region, models.model_id

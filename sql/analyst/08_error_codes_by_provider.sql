-- Question: how do executions fail, and where?
-- Grain:    one row per provider, requested region and error code. A provider is unknown when the
--           failure came before one answered.
select
    requested_region,
    coalesce(nullif(provider_id, ''), 'unknown') as provider,
    coalesce(error_code, status) as error_code,
    count(*) as failures,
    count(distinct job_id) as jobs,
    min(job_day) as first_day,
    max(job_day) as last_day
from analytics.executions_unified
where status in ('failed', 'timeout')
group by
    requested_region, coalesce(nullif(provider_id, ''), 'unknown'), coalesce(error_code, status)
order by failures desc, requested_region asc, provider asc, error_code asc

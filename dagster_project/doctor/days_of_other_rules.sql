-- How many job_days a stage made by other rules than the present ones, and how many are not done.
with

present as (

    select
        stage,
        method_version
    from unnest(%(stages)s::text[], %(versions)s::text[]) as stages (stage, method_version)

)

select
    count(distinct ledger.job_day) filter (
        where ledger.status = 'done' and ledger.method_version <> present.method_version
    ) as old_days,
    count(distinct ledger.job_day) filter (
        where ledger.status in ('failed', 'quarantined')
    ) as bad_days
from ops.partition_ledger as ledger
inner join present on ledger.stage = present.stage

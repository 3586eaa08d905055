-- Whether the runner has the job, and which rows stand there that this pipeline published of it.
with
runs as (
    select id
    from cross_region_executions
    where jobspec_id = %(job_id)s
),

numbers as (
    select id
    from jobs
    where jobspec_id = %(job_id)s
)

select
    (select count(*) > 0 from runs) or (select count(*) > 0 from numbers) as is_there,
    (
        select count(*) > 0
        from runs as cre
        left join cross_region_analyses as a on cre.id = a.cross_region_execution_id
        where not ({execution_is_native} and (a.id is null or {analysis_is_native}))
    ) as has_analyses,
    (
        select count(*) > 0
        from executions as e
        inner join numbers on e.job_id = numbers.id
        where not {row_is_native}
    ) as has_executions

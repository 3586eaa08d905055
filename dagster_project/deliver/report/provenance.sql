-- What the data is: made up by the demo, loaded from files, or neither. One row.
with

specs as (

    select
        jsonb_extract_path_text(jobspec_data, 'benchmark', 'metadata', 'synthetic') as synthetic,
        jsonb_extract_path_text(jobspec_data, 'metadata', 'origin') as origin,
        jsonb_extract_path_text(jobspec_data, 'metadata', 'note') as note
    from raw.jobs
    where
        job_day between %(first_day)s and %(last_day)s
        and jobspec_id = coalesce(%(job_id)s, jobspec_id)

),

-- A cross-region run without a jobs row has no spec of its own to say so: a source is made up as a
-- whole, so any other spec says it for this one.
others as (

    select
        not exists (select 1 from specs)
        and exists (
            select 1
            from raw.jobs
            where
                jsonb_extract_path_text(jobspec_data, 'benchmark', 'metadata', 'synthetic')
                = 'true'
        ) as are_synthetic

)

select
    count(*) filter (where specs.synthetic = 'true')
    + (select others.are_synthetic::integer from others) as synthetic_jobs,
    count(*) filter (where specs.origin = 'beacon load-answers') as file_jobs,
    min(specs.note) filter (where specs.origin = 'beacon load-answers' and specs.note <> '')
        as file_note,
    now() as read_at
from specs

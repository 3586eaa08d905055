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

)

select
    count(*) filter (where synthetic = 'true') as synthetic_jobs,
    count(*) filter (where origin = 'beacon load-answers') as file_jobs,
    min(note) filter (where origin = 'beacon load-answers' and note <> '') as file_note,
    now() as read_at
from specs

{{ config(schema='intermediate') }}

-- What the portal shows of a job's spec beside its analysis. Read from the copy itself, as in
-- int_executions__presented.
select
    id as job_number,
    jsonb_build_object(
        'status', coalesce(status, ''),
        'benchmark', jsonb_build_object(
            'name', coalesce(jobspec_data #>> '{benchmark,name}', ''),
            'description', coalesce(jobspec_data #>> '{benchmark,description}', '')
        ),
        'questions', '[]'::jsonb
    )
    || {{ typed_key('questions', "jobspec_data -> 'questions'", 'array') }}
    || {{ typed_key('models', "jobspec_data -> 'models'", 'array') }}
    || {{ typed_key('models', "jobspec_data #> '{metadata,models}'", 'array') }}
    || {{ typed_key('metadata', "jobspec_data -> 'metadata'", 'object') }} as job_metadata
from {{ source('raw', 'jobs') }}

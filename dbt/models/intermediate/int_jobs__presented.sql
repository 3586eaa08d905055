-- What the portal shows of a job's spec beside its analysis.
select
    job_number,
    jsonb_build_object(
        'status', coalesce(source_status, ''),
        'benchmark', jsonb_build_object(
            'name', coalesce(spec #>> '{benchmark,name}', ''),
            'description', coalesce(spec #>> '{benchmark,description}', '')
        ),
        'questions', '[]'::jsonb
    )
    || {{ typed_key('questions', "spec -> 'questions'", 'array') }}
    || {{ typed_key('models', "spec -> 'models'", 'array') }}
    || {{ typed_key('models', "spec #> '{metadata,models}'", 'array') }}
    || {{ typed_key('metadata', "spec -> 'metadata'", 'object') }} as job_metadata
from {{ ref('stg_runner__jobs') }}

with

source as (

    select * from {{ source('raw', 'jobs') }}

),

renamed as (

    select
        jobspec_id as job_id,
        id as job_number,
        job_day,
        status as source_status,
        {{ utc('created_at') }} as created_at,
        {{ utc('updated_at') }} as updated_at,
        {{ is_zero_time(['created_at', 'updated_at']) }} as has_zero_time,
        jobspec_data as spec
    from source

)

select
    job_id,
    job_number,
    job_day,
    source_status,
    created_at,
    updated_at,
    has_zero_time,
    spec
from renamed

with

source as (

    select * from {{ source('raw', 'diffs') }}

),

renamed as (

    select
        id as diff_id,
        job_id as job_number,
        job_day,
        region_a,
        region_b,
        similarity_score,
        diff_data,
        classification,
        {{ utc('created_at') }} as created_at
    from source

)

select
    diff_id,
    job_number,
    job_day,
    region_a,
    region_b,
    similarity_score,
    diff_data,
    classification,
    created_at
from renamed

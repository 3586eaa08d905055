-- Example: the seed region_aliases holds "US_East". Reason: rows are looked up as "us-east", so the
-- line would never count. Remedy: write the alias as the key beside it.
select
    'region_aliases' as seed,
    alias,
    rules.region_key(alias) as lookup_key
from {{ ref('region_aliases') }}
where alias is distinct from rules.region_key(alias)

union all

select
    'model_aliases' as seed,
    alias,
    rules.model_key(alias) as lookup_key
from {{ ref('model_aliases') }}
where alias is distinct from rules.model_key(alias)

union all

select
    'question_aliases' as seed,
    alias,
    rules.question_key(alias) as lookup_key
from {{ ref('question_aliases') }}
where alias is distinct from rules.question_key(alias)

union all

select
    'status_aliases' as seed,
    source_status as alias,
    rules.status_key(source_status) as lookup_key
from {{ ref('status_aliases') }}
where source_status is distinct from rules.status_key(source_status)

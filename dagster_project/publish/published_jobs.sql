-- Every job with a published cross-region execution, found by the marks of its rows.
select distinct cre.jobspec_id
from cross_region_executions as cre
where not ({is_native})

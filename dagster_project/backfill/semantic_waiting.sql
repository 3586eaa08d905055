-- Days that ask for the semantic measure and lack what this machine can measure.
select job_day
from ops.semantic_days
where
    %(method_version)s::text is not null
    and method_version is distinct from %(method_version)s

select
    jobspec_data #>> '{metadata,origin}' as origin,
    jobspec_data #>> '{metadata,content_sha256}' as content_sha256
from jobs
where jobspec_id = %(job)s

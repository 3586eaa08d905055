-- Published rows that nothing in the source marks any more: what hung on their execution was
-- deleted there by hand. The record still knows them.
delete from {table} as copied
using ops.publications as published
where
    copied.{execution_id} = published.cross_region_execution_id
    and published.kind = 'bias_page'
    and copied.job_day >= %(start)s
    and copied.job_day < %(end)s

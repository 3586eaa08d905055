select
    source_table,
    count(*) as quarantined_rows
from ops.quarantine
group by source_table
order by source_table

-- A row when an earlier call processed every day.
select 1 as done
from ops.partition_ledger
having
    count(*) > 0
    and count(*) filter (where status <> 'done') = 0

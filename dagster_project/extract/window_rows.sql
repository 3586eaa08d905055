-- The rows of one table for a window: first what is wrong with the row (NULL when nothing is), then
-- the columns of the raw table in their order, job_day last.
{window}

select
    case
        when
            not w.beacon_has_time
            then 'none of the times of the row or its job can tell its day'
        {id_checks}
        {time_checks}
    end as problem,
    {columns},
    w.beacon_job_day as job_day
from {window_table} as w

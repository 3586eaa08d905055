update raw.region_results
set execution_output = rules.without_receipt(execution_output, %(file)s::text)
where
    job_day >= %(start)s
    and job_day < %(end)s
    and job_day = any(%(days)s::date[])

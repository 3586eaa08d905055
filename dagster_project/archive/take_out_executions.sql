update raw.executions
set
    receipt_data = case
        when receipt_data is not null
            then jsonb_build_object('archived_in', %(file)s::text)
    end,
    output_data = rules.without_receipt(output_data, %(file)s::text)
where
    job_day >= %(start)s
    and job_day < %(end)s
    and job_day = any(%(days)s::date[])

-- Jobs of the window, and those of another day that come back in it.
delete from analytics.job_verdicts
where
    (job_day >= %(start)s and job_day < %(end)s)
    or job_id = any(
        array(
            select job_id
            from analytics.job_status
            where
                job_day >= %(start)s
                and job_day < %(end)s
        )
    )

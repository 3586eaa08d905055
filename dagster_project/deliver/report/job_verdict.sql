-- No row, or one: what the statistics say about the job.
select
    refusal_gap,
    refusal_gap_ci_low as ci_low,
    refusal_gap_ci_high as ci_high,
    highest_region,
    lowest_region,
    n_tests,
    n_significant,
    verdict,
    verdict_reason
from analytics.job_verdicts
where job_id = %(job_id)s

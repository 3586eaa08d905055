-- Grain: one row per job, those whose regions refuse most differently.
select
    verdicts.job_id,
    verdicts.job_day,
    jobs.regions,
    jobs.completeness,
    verdicts.refusal_gap,
    verdicts.refusal_gap_ci_low as ci_low,
    verdicts.refusal_gap_ci_high as ci_high,
    verdicts.questions,
    verdicts.q_value,
    verdicts.verdict
from analytics.job_verdicts as verdicts
inner join analytics.job_status as jobs on verdicts.job_id = jobs.job_id
where
    verdicts.job_day between %(first_day)s and %(last_day)s
    and verdicts.refusal_gap is not null
order by verdicts.refusal_gap desc, verdicts.job_id asc
limit 10

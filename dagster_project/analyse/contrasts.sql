-- Every day's contrasts between regions, and each region's answers alone.
select
    daily.job_day,
    daily.workflow,
    daily.pairing,
    daily.model_id,
    daily.region_a,
    daily.region_b,
    daily.question_id,
    questions.category as question_category,
    daily.contrasts,
    daily.rate_a_total,
    daily.rate_b_total,
    daily.final_contrasts,
    daily.final_rate_a_total,
    daily.final_rate_b_total,
    daily.attempted,
    daily.bound_low_total,
    daily.bound_high_total,
    daily.scored_a,
    daily.scored_b,
    daily.missing_a
from intermediate.int_question_contrasts__daily as daily
left join seeds.questions as questions on daily.question_id = questions.question_id

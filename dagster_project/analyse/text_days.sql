-- Mean divergence of two answers, per day, question and two regions of a model.
select
    job_day,
    model_id,
    region_a,
    region_b,
    question_id,
    (divergence_total / pairs)::double precision as mean
from intermediate.int_question_divergences__daily

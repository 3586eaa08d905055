-- How far answers of every day differ, per question and two regions of a model.
select
    job_day,
    model_id,
    region_a,
    region_b,
    question_id,
    pairs,
    word_divergence_total,
    tfidf_divergence_total,
    semantic_pairs,
    semantic_divergence_total
from intermediate.int_question_divergences__daily

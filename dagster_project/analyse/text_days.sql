-- Mean divergence of two answers, per measure, day, question and two regions of a model. The
-- semantic measure has rows without a mean, too: where no day asked for it, that is to be said.
select
    measures.measure,
    daily.job_day,
    daily.model_id,
    daily.region_a,
    daily.region_b,
    daily.question_id,
    (measures.divergence_total / measures.pairs)::double precision as mean
from intermediate.int_question_divergences__daily as daily
cross join lateral (
    values
    ('word_jaccard', daily.word_divergence_total, daily.pairs),
    ('cosine_tfidf', daily.tfidf_divergence_total, daily.pairs),
    ('semantic', daily.semantic_divergence_total, nullif(daily.semantic_pairs, 0))
) as measures (measure, divergence_total, pairs)

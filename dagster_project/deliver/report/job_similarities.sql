-- Grain: one row per two answers of one model to one question of the job, in two regions.
select
    left_key,
    right_key,
    word_jaccard
from scores.answer_pairs
where
    job_id = %(job_id)s
    and comparison = 'cross_region'
    and word_jaccard is not null

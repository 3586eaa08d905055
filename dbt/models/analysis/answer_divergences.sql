-- Without CTEs, as in int_attempts__outcomes.
select
    left_key,
    right_key,
    job_id,
    job_day,
    left_model as model_id,
    question_id,
    least(left_region, right_region) as region_a,
    greatest(left_region, right_region) as region_b,
    'one_job' as pairing,
    1 - word_jaccard as word_divergence,
    1 - cosine_tfidf as tfidf_divergence,
    1 - semantic_cosine as semantic_divergence,
    length_ratio,
    method_version
from {{ source('scores', 'answer_pairs') }}
where comparison is not null

union all

select
    left_key,
    right_key,
    null as job_id,
    job_day,
    model_id,
    question_id,
    region as region_a,
    region as region_b,
    'two_jobs' as pairing,
    1 - word_jaccard as word_divergence,
    1 - cosine_tfidf as tfidf_divergence,
    1 - semantic_cosine as semantic_divergence,
    length_ratio,
    method_version
from {{ source('scores', 'repeat_pairs') }}

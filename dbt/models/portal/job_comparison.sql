-- Without CTEs, and what is read of an answer in a subquery, so that a lookup by job_id reaches the
-- indexes of the tables below.
select
    attempts.job_id,
    attempts.model_id,
    attempts.question_id,
    jsonb_build_object(
        'job_id', attempts.job_id,
        'model_id', attempts.model_id,
        'question_id', attempts.question_id,
        'regions',
        jsonb_agg(
            jsonb_strip_nulls(
                jsonb_build_object(
                    'region', attempts.region,
                    'requested_region', attempts.requested_region,
                    'execution_key', attempts.execution_key,
                    'provider_id', nullif(attempts.provider_id, ''),
                    'status', attempts.status,
                    'response', answers.answer_text,
                    'answer_state', answers.answer_state,
                    'exclusion_reason', attempts.exclusion_reason,
                    'error_code', attempts.error_code,
                    'scores',
                    case
                        when scored_answers.execution_key is not null
                            then jsonb_build_object(
                                'political_sensitivity',
                                scored_answers.runner_political_sensitivity,
                                'censorship_score', scored_answers.runner_censorship_score,
                                'cultural_bias', scored_answers.runner_cultural_bias,
                                'factual_accuracy', scored_answers.runner_factual_accuracy,
                                'sentiment_score', scored_answers.runner_sentiment,
                                'keyword_flags', scored_answers.runner_keyword_flags
                            )
                    end
                )
            )
            order by attempts.region
        ),
        'similarities',
        coalesce(
            (
                select
                    jsonb_agg(
                        jsonb_build_object(
                            'region_a', least(pairs.left_region, pairs.right_region),
                            'region_b', greatest(pairs.left_region, pairs.right_region),
                            'word_jaccard', pairs.word_jaccard,
                            'runner_jaccard', pairs.runner_jaccard
                        )
                        order by
                            least(pairs.left_region, pairs.right_region),
                            greatest(pairs.left_region, pairs.right_region)
                    )
                from {{ source('scores', 'answer_pairs') }} as pairs
                where
                    pairs.job_id = attempts.job_id
                    and pairs.job_day = attempts.job_day
                    and pairs.question_id = attempts.question_id
                    and pairs.left_model = attempts.model_id
                    and pairs.comparison = 'cross_region'
            ),
            '[]'
        )
    ) as payload
from {{ ref('int_executions__resolved') }} as attempts
left join lateral (
    select
        unified.answer_text,
        unified.answer_state
    from {{ ref('executions_unified') }} as unified
    where
        unified.execution_key = attempts.execution_key
        and unified.job_day = attempts.job_day
    order by unified.execution_key
    limit 1
) as answers on true
left join {{ source('scores', 'answers') }} as scored_answers
    on
        attempts.execution_key = scored_answers.execution_key
        and attempts.job_day = scored_answers.job_day
where
    attempts.is_current
    and attempts.job_id is not null
    and attempts.model_id is not null
    and attempts.question_id is not null
group by attempts.job_id, attempts.job_day, attempts.model_id, attempts.question_id

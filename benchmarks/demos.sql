-- Every comparison of two regions over everything, with how many of its questions are political.
with shares as (
    select
        effects.workflow,
        effects.model_id,
        effects.region_a,
        effects.region_b,
        avg((effects.question_category = 'bias_detection')::integer) as political
    from analytics.question_effects as effects
    where effects.period_kind = 'all'
    group by effects.workflow, effects.model_id, effects.region_a, effects.region_b
),

compared as (
    select
        'all' as questions_of,
        effects.workflow,
        effects.model_id,
        effects.region_a,
        effects.region_b,
        effects.scope,
        effects.verdict,
        effects.risk_difference,
        effects.ci_low,
        effects.ci_high,
        coalesce(shares.political, 0)::double precision as political
    from analytics.region_pair_effects as effects
    left join shares
        on
            effects.workflow = shares.workflow
            and effects.model_id = shares.model_id
            and effects.region_a = shares.region_a
            and effects.region_b = shares.region_b
    where effects.period_kind = 'all'

    union all

    select
        effects.question_category as questions_of,
        effects.workflow,
        effects.model_id,
        effects.region_a,
        effects.region_b,
        effects.scope,
        effects.verdict,
        effects.risk_difference,
        effects.ci_low,
        effects.ci_high,
        (effects.question_category = 'bias_detection')::integer::double precision as political
    from analytics.category_pair_effects as effects
    where effects.period_kind = 'all'
)

select * from compared
where
    model_id in ('llama3.2-1b', 'mistral-7b', 'qwen2.5-1.5b')
    and region_a in ('ASIA', 'EU', 'US')
    and region_b in ('ASIA', 'EU', 'US')

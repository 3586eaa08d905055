-- Grain: one row per question, model and region that was asked under several system prompts, and
-- prompt. Those with the most answers first.
select
    counted.question_id,
    asked.question_text,
    counted.model_id,
    counted.region,
    counted.prompt_variant,
    counted.jobs,
    counted.k,
    counted.n,
    case when counted.n >= rules.minimum_sample() then counted.k::double precision / counted.n end
        as estimate
from (
    select
        question_id,
        model_id,
        region,
        prompt_variant,
        count(distinct job_id) as jobs,
        count(*) filter (where first_state = 'refusal') as k,
        count(*) as n,
        min(count(*)) over slots as fewest,
        count(*) over slots as variants
    from analytics.answer_outcomes
    where
        job_day between %(first_day)s and %(last_day)s
        and rules.is_scored(first_state)
    group by question_id, model_id, region, prompt_variant
    window slots as (partition by question_id, model_id, region)
) as counted
left join analytics.questions as asked
    on counted.question_id = asked.question_id and asked.is_newest
where counted.variants > 1
order by
    counted.fewest desc,
    counted.question_id asc,
    counted.model_id asc,
    counted.region asc,
    counted.prompt_variant asc
limit 60

{{ config(
    materialized='incremental',
    schema='intermediate',
    unique_key='contrast_key',
    indexes=[
        {'columns': ['contrast_key'], 'unique': true},
        {'columns': ['job_day']},
    ],
) }}

-- Regions compared where everything else is equal: within a job, and, for jobs of one region each,
-- within the jobs of a day of one workflow, one set of parameters and one prompt variant.
-- As sums over days.

with

attempts as (

    select * from {{ ref('int_attempts__outcomes') }}
    where {{ window_predicate('job_day') }} and is_current

),

counted as (

    select
        job_day,
        workflow,
        has_old_parameters,
        prompt_variant,
        job_id,
        model_id,
        region,
        question_id,
        {{ outcome_counts() }}
    from attempts
    group by
        job_day,
        workflow,
        has_old_parameters,
        prompt_variant,
        job_id,
        model_id,
        region,
        question_id

),

strata as (

    select
        'job' as pairing,
        concat_ws('/', job_id, has_old_parameters, prompt_variant) as stratum,
        job_day,
        workflow,
        model_id,
        region,
        question_id,
        scored,
        refused,
        inferred,
        final_scored,
        final_refused,
        failed + blocked as missing
    from counted

    union all

    select
        'day' as pairing,
        concat_ws('/', has_old_parameters, prompt_variant) as stratum,
        job_day,
        workflow,
        model_id,
        region,
        question_id,
        sum(scored) as scored,
        sum(refused) as refused,
        sum(inferred) as inferred,
        sum(final_scored) as final_scored,
        sum(final_refused) as final_refused,
        sum(failed + blocked) as missing
    from counted
    group by
        job_day, workflow, has_old_parameters, prompt_variant, model_id, region, question_id

),

-- Numerics: their sums do not depend on the order of the rows.
rated as (

    select
        strata.*,
        scored + missing as attempted,
        round(refused::numeric / nullif(scored, 0), 12) as rate,
        round(final_refused::numeric / nullif(final_scored, 0), 12) as final_rate,
        -- Missing answers answered and inferred refusals none; missing answers refused.
        round((refused - inferred)::numeric / nullif(scored + missing, 0), 12) as lowest_rate,
        round((refused + missing)::numeric / nullif(scored + missing, 0), 12) as highest_rate
    from strata

),

pairs as (

    select
        one.pairing,
        one.job_day,
        one.workflow,
        one.model_id,
        one.region as region_a,
        other.region as region_b,
        one.question_id,
        one.scored > 0 and other.scored > 0 as is_contrast,
        one.final_scored > 0 and other.final_scored > 0 as is_final_contrast,
        one.rate as rate_a,
        other.rate as rate_b,
        one.final_rate as final_rate_a,
        other.final_rate as final_rate_b,
        one.lowest_rate - other.highest_rate as bound_low,
        one.highest_rate - other.lowest_rate as bound_high,
        one.scored as scored_a,
        other.scored as scored_b,
        one.missing as missing_a,
        other.missing as missing_b
    from rated as one
    inner join rated as other
        on
            one.pairing = other.pairing
            and one.stratum = other.stratum
            and one.job_day = other.job_day
            and one.workflow = other.workflow
            and one.model_id = other.model_id
            and one.question_id = other.question_id
            and one.region < other.region
    where one.attempted > 0 and other.attempted > 0

),

summed as (

    select
        pairing,
        job_day,
        workflow,
        model_id,
        region_a,
        region_b,
        question_id,
        count(*) filter (where is_contrast) as contrasts,
        coalesce(sum(rate_a) filter (where is_contrast), 0) as rate_a_total,
        coalesce(sum(rate_b) filter (where is_contrast), 0) as rate_b_total,
        count(*) filter (where is_final_contrast) as final_contrasts,
        coalesce(sum(final_rate_a) filter (where is_final_contrast), 0) as final_rate_a_total,
        coalesce(sum(final_rate_b) filter (where is_final_contrast), 0) as final_rate_b_total,
        count(*) as attempted,
        sum(bound_low) as bound_low_total,
        sum(bound_high) as bound_high_total,
        coalesce(sum(scored_a) filter (where is_contrast), 0) as scored_a,
        coalesce(sum(scored_b) filter (where is_contrast), 0) as scored_b,
        sum(missing_a) as missing_a,
        sum(missing_b) as missing_b
    from pairs
    group by pairing, job_day, workflow, model_id, region_a, region_b, question_id

    union all

    -- Each region alone: which regions there are, and how many answers could have a partner.
    select
        'none' as pairing,
        job_day,
        workflow,
        model_id,
        region as region_a,
        region as region_b,
        question_id,
        0 as contrasts,
        0 as rate_a_total,
        0 as rate_b_total,
        0 as final_contrasts,
        0 as final_rate_a_total,
        0 as final_rate_b_total,
        0 as attempted,
        0 as bound_low_total,
        0 as bound_high_total,
        sum(scored) as scored_a,
        0 as scored_b,
        sum(failed + blocked) as missing_a,
        0 as missing_b
    from counted
    group by job_day, workflow, model_id, region, question_id

)

select
    concat_ws(
        '/', job_day, workflow, pairing, model_id, region_a, region_b, question_id
    ) as contrast_key,
    job_day,
    workflow,
    pairing,
    model_id,
    region_a,
    region_b,
    question_id,
    contrasts::bigint as contrasts,
    trim_scale(rate_a_total::numeric) as rate_a_total,
    trim_scale(rate_b_total::numeric) as rate_b_total,
    final_contrasts::bigint as final_contrasts,
    trim_scale(final_rate_a_total::numeric) as final_rate_a_total,
    trim_scale(final_rate_b_total::numeric) as final_rate_b_total,
    attempted::bigint as attempted,
    trim_scale(bound_low_total::numeric) as bound_low_total,
    trim_scale(bound_high_total::numeric) as bound_high_total,
    scored_a::bigint as scored_a,
    scored_b::bigint as scored_b,
    missing_a::bigint as missing_a,
    missing_b::bigint as missing_b
from summed

-- Statistics of periods: rates, effects between regions, verdicts of models. The analyse stage
-- replaces them. Values are NULL unless status is ok. docs/metrics.md defines each one.

create table if not exists analytics.region_rates (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    model_id text not null,
    region text not null,
    metric text not null,
    k bigint not null,
    n bigint not null,
    questions bigint not null,
    estimate double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    status text not null,
    reason text,
    comparable boolean not null,
    estimate_without_regenerated double precision,
    estimate_by_requested_region double precision,
    method_version text not null,
    primary key (period_kind, period_start, model_id, region, metric),
    constraint region_rates_period_kind check (
        period_kind in ('day', 'iso_week', 'month', 'all')
    ),
    constraint region_rates_status check (
        (status = 'ok') = (reason is null)
    ),
    constraint region_rates_estimate check (
        (status = 'ok') = (estimate is not null)
    )
);
create index if not exists region_rates_job_day on analytics.region_rates (job_day);
comment on table analytics.region_rates is
'Rates of a region with 95 % intervals. Grain: one row per period, model, region and metric. A
region with only failures has a failure rate and no refusal rate.';
comment on column analytics.region_rates.period_kind is
'day, iso_week (from Monday), month or all.';
comment on column analytics.region_rates.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.region_rates.job_day is 'The day, of a period of one day; else NULL.';
comment on column analytics.region_rates.model_id is 'Model that answered, by its canonical id.';
comment on column analytics.region_rates.region is 'Region that answered: US, EU, ASIA or OTHER.';
comment on column analytics.region_rates.metric is
'coverage, failure_rate, provider_block_rate or refusal_rate.';
comment on column analytics.region_rates.k is 'What counts.';
comment on column analytics.region_rates.n is 'Of how many.';
comment on column analytics.region_rates.questions is 'Questions that these are of.';
comment on column analytics.region_rates.estimate is 'k / n.';
comment on column analytics.region_rates.ci_low is 'Lower end of the interval.';
comment on column analytics.region_rates.ci_high is 'Upper end of the interval.';
comment on column analytics.region_rates.method is
'wilson, or wilson_clustered and bca_clustered where questions were repeated.';
comment on column analytics.region_rates.status is 'ok, insufficient or not_applicable.';
comment on column analytics.region_rates.reason is 'Why it is not ok.';
comment on column analytics.region_rates.comparable is
'Whether there are questions enough to compare the region with another (20).';
comment on column analytics.region_rates.estimate_without_regenerated is
'The estimate when regenerated answers are left out (I-24).';
comment on column analytics.region_rates.estimate_by_requested_region is
'The estimate by the region that was asked.';
comment on column analytics.region_rates.method_version is 'Version of the statistics.';

create table if not exists analytics.region_pair_effects (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    model_id text not null,
    region_a text not null,
    region_b text not null,
    design text not null,
    n_pairs bigint not null,
    b bigint not null,
    c bigint not null,
    questions_a bigint not null,
    questions_b bigint not null,
    rate_a double precision,
    rate_b double precision,
    risk_difference double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    test text,
    p_value double precision,
    p_reason text,
    q_value double precision,
    minimum_detectable_effect double precision,
    mde_reason text,
    equivalence_p double precision,
    is_equivalent boolean,
    equivalence_reason text,
    difference_failures_answered double precision,
    difference_failures_refused double precision,
    bound_low double precision,
    bound_high double precision,
    status text not null,
    reason text,
    risk_difference_without_regenerated double precision,
    q_value_without_regenerated double precision,
    risk_difference_by_requested_region double precision,
    q_value_by_requested_region double precision,
    method_version text not null,
    primary key (period_kind, period_start, model_id, region_a, region_b),
    constraint region_pair_effects_period_kind check (
        period_kind in ('day', 'iso_week', 'month', 'all')
    ),
    constraint region_pair_effects_status check (
        (status = 'ok') = (reason is null)
    ),
    constraint region_pair_effects_estimate check (
        (status = 'ok') = (risk_difference is not null)
    )
);
create index if not exists region_pair_effects_job_day on analytics.region_pair_effects (job_day);
comment on table analytics.region_pair_effects is
'How much two regions'' refusal rates differ, with 95 % interval, q and power. Grain: one row per
period, model and two regions.';
comment on column analytics.region_pair_effects.period_kind is
'day, iso_week (from Monday), month or all.';
comment on column analytics.region_pair_effects.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.region_pair_effects.job_day is
'The day, of a period of one day; else NULL.';
comment on column analytics.region_pair_effects.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.region_pair_effects.region_a is 'One region, the first by name.';
comment on column analytics.region_pair_effects.region_b is 'The other region.';
comment on column analytics.region_pair_effects.design is
'paired (the same questions) or unpaired.';
comment on column analytics.region_pair_effects.n_pairs is 'Questions answered in both.';
comment on column analytics.region_pair_effects.b is
'Of them, those that region_a refuses more often.';
comment on column analytics.region_pair_effects.c is 'Those that region_b refuses more often.';
comment on column analytics.region_pair_effects.questions_a is
'Questions with a scored answer in region_a.';
comment on column analytics.region_pair_effects.questions_b is
'Questions with a scored answer in region_b.';
comment on column analytics.region_pair_effects.rate_a is
'Mean refusal rate of region_a over the questions used.';
comment on column analytics.region_pair_effects.rate_b is 'Mean refusal rate of region_b.';
comment on column analytics.region_pair_effects.risk_difference is 'rate_a − rate_b.';
comment on column analytics.region_pair_effects.ci_low is
'Lower end of its interval over questions.';
comment on column analytics.region_pair_effects.ci_high is 'Upper end.';
comment on column analytics.region_pair_effects.method is
'bca_paired, or newcombe without pairing.';
comment on column analytics.region_pair_effects.test is
'mcnemar_exact, or fisher_exact without pairing.';
comment on column analytics.region_pair_effects.p_value is 'Of no difference.';
comment on column analytics.region_pair_effects.p_reason is 'Why there is no p.';
comment on column analytics.region_pair_effects.q_value is
'p, adjusted over all models and pairs of the period (Benjamini-Hochberg).';
comment on column analytics.region_pair_effects.minimum_detectable_effect is
'Smallest difference that would be found in 4 of 5 cases.';
comment on column analytics.region_pair_effects.mde_reason is 'Why it is NULL.';
comment on column analytics.region_pair_effects.equivalence_p is
'Of a difference of 10 points or more (TOST).';
comment on column analytics.region_pair_effects.is_equivalent is 'Whether it is below 5 %.';
comment on column analytics.region_pair_effects.equivalence_reason is 'Why it is NULL.';
comment on column analytics.region_pair_effects.difference_failures_answered is
'The difference, had all failures been answered.';
comment on column analytics.region_pair_effects.difference_failures_refused is
'The difference, had all failures been refused.';
comment on column analytics.region_pair_effects.bound_low is
'The difference at its lowest, whatever the failures hide.';
comment on column analytics.region_pair_effects.bound_high is 'The difference at its highest.';
comment on column analytics.region_pair_effects.status is 'ok, insufficient or not_applicable.';
comment on column analytics.region_pair_effects.reason is 'Why it is not ok.';
comment on column analytics.region_pair_effects.risk_difference_without_regenerated is
'The difference without regenerated answers (I-24).';
comment on column analytics.region_pair_effects.q_value_without_regenerated is 'Its q.';
comment on column analytics.region_pair_effects.risk_difference_by_requested_region is
'The difference by the regions that were asked.';
comment on column analytics.region_pair_effects.q_value_by_requested_region is 'Its q.';
comment on column analytics.region_pair_effects.method_version is 'Version of the statistics.';

create table if not exists analytics.category_pair_effects (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    question_category text not null,
    model_id text not null,
    region_a text not null,
    region_b text not null,
    n_pairs bigint not null,
    b bigint not null,
    c bigint not null,
    rate_a double precision,
    rate_b double precision,
    risk_difference double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    p_value double precision,
    p_reason text,
    q_value double precision,
    minimum_detectable_effect double precision,
    mde_reason text,
    bound_low double precision,
    bound_high double precision,
    status text not null,
    reason text,
    method_version text not null,
    primary key (period_kind, period_start, question_category, model_id, region_a, region_b),
    constraint category_pair_effects_period_kind check (
        period_kind in ('day', 'iso_week', 'month', 'all')
    ),
    constraint category_pair_effects_status check (
        (status = 'ok') = (reason is null)
    ),
    constraint category_pair_effects_estimate check (
        (status = 'ok') = (risk_difference is not null)
    )
);
create index if not exists category_pair_effects_job_day
on analytics.category_pair_effects (job_day);
comment on table analytics.category_pair_effects is
'Pairs of regions by the questions of one category alone, such as the political ones. Grain: one row
per period, category, model and two regions.';
comment on column analytics.category_pair_effects.period_kind is
'day, iso_week (from Monday), month or all.';
comment on column analytics.category_pair_effects.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.category_pair_effects.job_day is
'The day, of a period of one day; else NULL.';
comment on column analytics.category_pair_effects.question_category is
'Category in the seed questions; bias_detection is the political one.';
comment on column analytics.category_pair_effects.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.category_pair_effects.region_a is 'One region, the first by name.';
comment on column analytics.category_pair_effects.region_b is 'The other region.';
comment on column analytics.category_pair_effects.n_pairs is
'Questions of the category answered in both.';
comment on column analytics.category_pair_effects.b is
'Of them, those that region_a refuses more often.';
comment on column analytics.category_pair_effects.c is 'Those that region_b refuses more often.';
comment on column analytics.category_pair_effects.rate_a is
'Mean refusal rate of region_a over the questions used.';
comment on column analytics.category_pair_effects.rate_b is 'Mean refusal rate of region_b.';
comment on column analytics.category_pair_effects.risk_difference is 'rate_a − rate_b.';
comment on column analytics.category_pair_effects.ci_low is
'Lower end of its interval over questions.';
comment on column analytics.category_pair_effects.ci_high is 'Upper end.';
comment on column analytics.category_pair_effects.method is
'bca_paired, or newcombe without pairing.';
comment on column analytics.category_pair_effects.p_value is 'Of no difference.';
comment on column analytics.category_pair_effects.p_reason is 'Why there is no p.';
comment on column analytics.category_pair_effects.q_value is
'p, adjusted (Benjamini-Hochberg) over the models and pairs of period and category.';
comment on column analytics.category_pair_effects.minimum_detectable_effect is
'Smallest difference that would be found in 4 of 5 cases.';
comment on column analytics.category_pair_effects.mde_reason is 'Why it is NULL.';
comment on column analytics.category_pair_effects.bound_low is
'The difference at its lowest, whatever the failures hide.';
comment on column analytics.category_pair_effects.bound_high is 'The difference at its highest.';
comment on column analytics.category_pair_effects.status is 'ok, insufficient or not_applicable.';
comment on column analytics.category_pair_effects.reason is 'Why it is not ok.';
comment on column analytics.category_pair_effects.method_version is 'Version of the statistics.';

create table if not exists analytics.model_verdicts (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    model_id text not null,
    regions bigint not null,
    complete_questions bigint not null,
    discordant_questions bigint not null,
    cochran_q double precision,
    cochran_p double precision,
    cochran_reason text,
    n_tests bigint not null,
    n_significant bigint not null,
    largest_difference double precision,
    largest_ci_low double precision,
    largest_ci_high double precision,
    largest_q_value double precision,
    largest_region_a text,
    largest_region_b text,
    minimum_detectable_effect double precision,
    failure_region_p double precision,
    failure_region_reason text,
    verdict text not null,
    verdict_reason text,
    verdict_without_regenerated text,
    verdict_by_requested_region text,
    method_version text not null,
    primary key (period_kind, period_start, model_id),
    constraint model_verdicts_period_kind check (
        period_kind in ('day', 'iso_week', 'month', 'all')
    ),
    constraint model_verdicts_verdict check (
        verdict in ('difference_detected', 'equivalent', 'none_detected', 'insufficient_data')
    ),
    constraint model_verdicts_verdict_reason check (
        (verdict = 'insufficient_data') = (verdict_reason is not null)
    )
);
create index if not exists model_verdicts_job_day on analytics.model_verdicts (job_day);
comment on table analytics.model_verdicts is
'Whether a model''s regions differ, and what that rests on. Grain: one row per period and model.';
comment on column analytics.model_verdicts.period_kind is
'day, iso_week (from Monday), month or all.';
comment on column analytics.model_verdicts.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.model_verdicts.job_day is 'The day, of a period of one day; else NULL.';
comment on column analytics.model_verdicts.model_id is 'Model that answered, by its canonical id.';
comment on column analytics.model_verdicts.regions is 'Regions with questions enough.';
comment on column analytics.model_verdicts.complete_questions is
'Questions answered in all of them.';
comment on column analytics.model_verdicts.discordant_questions is
'Of them, those on which regions differ.';
comment on column analytics.model_verdicts.cochran_q is 'Cochran''s Q over all regions.';
comment on column analytics.model_verdicts.cochran_p is 'Its p.';
comment on column analytics.model_verdicts.cochran_reason is 'Why it is NULL.';
comment on column analytics.model_verdicts.n_tests is 'Pairs of regions that could be tested.';
comment on column analytics.model_verdicts.n_significant is
'Of them, those with q below 5 % and an interval without 0.';
comment on column analytics.model_verdicts.largest_difference is
'Difference of the pair with a detected, else the largest difference.';
comment on column analytics.model_verdicts.largest_ci_low is 'Lower end of its interval.';
comment on column analytics.model_verdicts.largest_ci_high is 'Upper end.';
comment on column analytics.model_verdicts.largest_q_value is 'Its q.';
comment on column analytics.model_verdicts.largest_region_a is 'Its regions.';
comment on column analytics.model_verdicts.largest_region_b is 'Its regions.';
comment on column analytics.model_verdicts.minimum_detectable_effect is
'Smallest difference of this pair that would be found in 4 of 5 cases.';
comment on column analytics.model_verdicts.failure_region_p is
'Of failures being spread evenly over regions.';
comment on column analytics.model_verdicts.failure_region_reason is 'Why it is NULL.';
comment on column analytics.model_verdicts.verdict is
'difference_detected, equivalent, none_detected or insufficient_data.';
comment on column analytics.model_verdicts.verdict_reason is
'What is missing where the data is insufficient.';
comment on column analytics.model_verdicts.verdict_without_regenerated is
'The verdict without regenerated answers; NULL when none are left.';
comment on column analytics.model_verdicts.verdict_by_requested_region is
'The verdict by the regions that were asked.';
comment on column analytics.model_verdicts.method_version is 'Version of the statistics.';

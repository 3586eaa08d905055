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
    final_estimate double precision,
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
alter table analytics.region_rates
add column if not exists corrected_estimate double precision,
add column if not exists corrected_ci_low double precision,
add column if not exists corrected_ci_high double precision,
add column if not exists correction_method text,
add column if not exists correction_reason text;
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
'coverage, failure_rate, provider_block_rate or refusal_rate (by what the model said first).';
comment on column analytics.region_rates.k is 'What counts.';
comment on column analytics.region_rates.n is 'Of how many.';
comment on column analytics.region_rates.questions is 'Questions that these are of.';
comment on column analytics.region_rates.estimate is 'k / n.';
comment on column analytics.region_rates.ci_low is 'Lower end of the interval.';
comment on column analytics.region_rates.ci_high is 'Upper end of the interval.';
comment on column analytics.region_rates.method is
'wilson; with repeats wilson_clustered or bca_clustered; wilson_two_way where days differ, too.';
comment on column analytics.region_rates.status is 'ok, insufficient or not_applicable.';
comment on column analytics.region_rates.reason is 'Why it is not ok.';
comment on column analytics.region_rates.comparable is
'Whether there are questions enough to compare the region with another (20).';
comment on column analytics.region_rates.final_estimate is
'What users saw: the refusal rate by the answers delivered; NULL for the other metrics.';
comment on column analytics.region_rates.estimate_by_requested_region is
'The estimate by the region that was asked.';
comment on column analytics.region_rates.corrected_estimate is
'The refusal rate without the classifier''s error.';
comment on column analytics.region_rates.corrected_ci_low is
'Lower end of its 95 % interval, which includes how badly that error is known.';
comment on column analytics.region_rates.corrected_ci_high is 'Upper end.';
comment on column analytics.region_rates.correction_method is
'own_labels (beacon label, prediction-powered) or language (Rogan-Gladen, classifier_quality).';
comment on column analytics.region_rates.correction_reason is
'Why there is none: unlabelled_language.';
comment on column analytics.region_rates.method_version is 'Version of the statistics.';

create table if not exists analytics.region_pair_effects (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    workflow text not null,
    model_id text not null,
    region_a text not null,
    region_b text not null,
    scope text not null,
    pairing text,
    questions bigint not null,
    days bigint not null,
    question_days bigint not null,
    contrasts bigint not null,
    rate_a double precision,
    rate_b double precision,
    risk_difference double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    p_value double precision,
    q_value double precision,
    minimum_detectable_effect double precision,
    minimum_detectable_effect_concentrated double precision,
    bound_low double precision,
    bound_high double precision,
    final_rate_a double precision,
    final_rate_b double precision,
    final_difference double precision,
    verdict text not null,
    verdict_reason text,
    method_version text not null,
    primary key (period_kind, period_start, workflow, model_id, region_a, region_b, scope),
    constraint region_pair_effects_period_kind check (
        period_kind in ('month', 'all')
    ),
    constraint region_pair_effects_scope check (
        scope in ('these_questions', 'questions_like_these')
    ),
    constraint region_pair_effects_verdict check (
        verdict in ('difference_detected', 'equivalent', 'inconclusive', 'insufficient_data')
    ),
    constraint region_pair_effects_verdict_reason check (
        (verdict = 'insufficient_data') = (verdict_reason is not null)
    ),
    constraint region_pair_effects_tested check (
        (verdict = 'insufficient_data') = (p_value is null)
    ),
    constraint region_pair_effects_estimate check (
        (verdict = 'insufficient_data') = (risk_difference is null)
    )
);
alter table analytics.region_pair_effects
add column if not exists correction text,
add column if not exists correction_reason text,
add column if not exists corrected_difference double precision,
add column if not exists corrected_ci_low double precision,
add column if not exists corrected_ci_high double precision,
add column if not exists tipping_gap double precision;
create index if not exists region_pair_effects_job_day on analytics.region_pair_effects (job_day);
comment on table analytics.region_pair_effects is
'How much two regions'' refusal rates differ within one job, with 95 % interval, q, power and
verdict. Grain: one row per period, workflow, model, two regions and scope.';
comment on column analytics.region_pair_effects.period_kind is
'month or all: shorter periods have no verdicts.';
comment on column analytics.region_pair_effects.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.region_pair_effects.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.region_pair_effects.workflow is
'standard or cross_region: answers of the two are never compared.';
comment on column analytics.region_pair_effects.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.region_pair_effects.region_a is 'One region, the first by name.';
comment on column analytics.region_pair_effects.region_b is 'The other region.';
comment on column analytics.region_pair_effects.scope is
'What the row is a claim about: these_questions (on the questions of this bank, over time) or
questions_like_these (on further questions of the kind).';
comment on column analytics.region_pair_effects.pairing is
'job: contrasts within jobs; day: within days, workflow and generation parameters, where fewer
than a fifth of the answers have a partner in their job. NULL without contrasts.';
comment on column analytics.region_pair_effects.questions is
'Questions answered in both regions.';
comment on column analytics.region_pair_effects.days is 'Days on which one was.';
comment on column analytics.region_pair_effects.question_days is 'Questions times their days.';
comment on column analytics.region_pair_effects.contrasts is
'Jobs (or strata of a day) times questions with an answer in both regions.';
comment on column analytics.region_pair_effects.rate_a is
'Mean refusal rate of region_a over the questions, by what the model said first.';
comment on column analytics.region_pair_effects.rate_b is 'Mean refusal rate of region_b.';
comment on column analytics.region_pair_effects.risk_difference is
'rate_a − rate_b: the mean over the questions of their mean contrast.';
comment on column analytics.region_pair_effects.ci_low is
'Lower end of its 95 % interval, by inverting the same test.';
comment on column analytics.region_pair_effects.ci_high is 'Upper end.';
comment on column analytics.region_pair_effects.method is
'sign_flip_days, or two_way_t (clustered by question and day).';
comment on column analytics.region_pair_effects.p_value is 'Of no difference.';
comment on column analytics.region_pair_effects.q_value is
'p, adjusted over the models, workflows, pairs and scopes of the period (Benjamini-Hochberg).';
comment on column analytics.region_pair_effects.minimum_detectable_effect is
'Smallest difference, spread evenly over the questions, that would be found in 4 of 5 cases; NULL
where none would.';
comment on column analytics.region_pair_effects.minimum_detectable_effect_concentrated is
'The same of a difference that lies on a quarter of the questions.';
comment on column analytics.region_pair_effects.bound_low is
'The difference at its lowest: missing answers answered in region_a, refused in region_b; inferred
refusals of region_a none.';
comment on column analytics.region_pair_effects.bound_high is 'The difference at its highest.';
comment on column analytics.region_pair_effects.final_rate_a is
'What users saw: the rate of region_a by the answers delivered.';
comment on column analytics.region_pair_effects.final_rate_b is 'What users saw in region_b.';
comment on column analytics.region_pair_effects.final_difference is
'final_rate_a − final_rate_b.';
comment on column analytics.region_pair_effects.correction is
'language or own_labels: rates, difference, interval and test are of corrected contrasts, as the
regions answered in different languages, or users labelled both; NULL: both are told equally well.';
comment on column analytics.region_pair_effects.correction_reason is
'Why the classifier''s error is not known: unlabelled_language.';
comment on column analytics.region_pair_effects.corrected_difference is
'The difference without the classifier''s error; NULL where that is not known.';
comment on column analytics.region_pair_effects.corrected_ci_low is
'Lower end of its 95 % interval, which includes how badly that error is known.';
comment on column analytics.region_pair_effects.corrected_ci_high is 'Upper end.';
comment on column analytics.region_pair_effects.tipping_gap is
'How much worse, as a difference of sensitivities, refusals must be told in one region than in the
other for the verdict to vanish; NULL where there is none.';
comment on column analytics.region_pair_effects.verdict is
'difference_detected, equivalent, inconclusive or insufficient_data.';
comment on column analytics.region_pair_effects.verdict_reason is
'What is missing where the data is insufficient; values are then NULL.';
comment on column analytics.region_pair_effects.method_version is 'Version of the statistics.';

create table if not exists analytics.category_pair_effects (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    question_category text not null,
    workflow text not null,
    model_id text not null,
    region_a text not null,
    region_b text not null,
    scope text not null,
    pairing text,
    questions bigint not null,
    days bigint not null,
    question_days bigint not null,
    contrasts bigint not null,
    rate_a double precision,
    rate_b double precision,
    risk_difference double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    p_value double precision,
    q_value double precision,
    minimum_detectable_effect double precision,
    minimum_detectable_effect_concentrated double precision,
    bound_low double precision,
    bound_high double precision,
    final_rate_a double precision,
    final_rate_b double precision,
    final_difference double precision,
    verdict text not null,
    verdict_reason text,
    method_version text not null,
    primary key (
        period_kind, period_start, question_category, workflow, model_id, region_a, region_b, scope
    ),
    constraint category_pair_effects_period_kind check (
        period_kind in ('month', 'all')
    ),
    constraint category_pair_effects_scope check (
        scope in ('these_questions', 'questions_like_these')
    ),
    constraint category_pair_effects_verdict check (
        verdict in ('difference_detected', 'equivalent', 'inconclusive', 'insufficient_data')
    ),
    constraint category_pair_effects_verdict_reason check (
        (verdict = 'insufficient_data') = (verdict_reason is not null)
    ),
    constraint category_pair_effects_tested check (
        (verdict = 'insufficient_data') = (p_value is null)
    ),
    constraint category_pair_effects_estimate check (
        (verdict = 'insufficient_data') = (risk_difference is null)
    )
);
alter table analytics.category_pair_effects
add column if not exists correction text,
add column if not exists correction_reason text,
add column if not exists corrected_difference double precision,
add column if not exists corrected_ci_low double precision,
add column if not exists corrected_ci_high double precision,
add column if not exists tipping_gap double precision;
create index if not exists category_pair_effects_job_day
on analytics.category_pair_effects (job_day);
comment on table analytics.category_pair_effects is
'Pairs of regions by the questions of one category alone, such as the political ones. Grain: one
row per period, category, workflow, model, two regions and scope.';
comment on column analytics.category_pair_effects.period_kind is
'month or all: shorter periods have no verdicts.';
comment on column analytics.category_pair_effects.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.category_pair_effects.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.category_pair_effects.question_category is
'Category in the seed questions; bias_detection is the political one.';
comment on column analytics.category_pair_effects.workflow is
'standard or cross_region: answers of the two are never compared.';
comment on column analytics.category_pair_effects.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.category_pair_effects.region_a is 'One region, the first by name.';
comment on column analytics.category_pair_effects.region_b is 'The other region.';
comment on column analytics.category_pair_effects.scope is
'What the row is a claim about: these_questions (on the questions of this bank, over time) or
questions_like_these (on further questions of the kind).';
comment on column analytics.category_pair_effects.pairing is
'job: contrasts within jobs; day: within days, workflow and generation parameters, where fewer
than a fifth of the answers have a partner in their job. NULL without contrasts.';
comment on column analytics.category_pair_effects.questions is
'Questions answered in both regions.';
comment on column analytics.category_pair_effects.days is 'Days on which one was.';
comment on column analytics.category_pair_effects.question_days is 'Questions times their days.';
comment on column analytics.category_pair_effects.contrasts is
'Jobs (or strata of a day) times questions with an answer in both regions.';
comment on column analytics.category_pair_effects.rate_a is
'Mean refusal rate of region_a over the questions, by what the model said first.';
comment on column analytics.category_pair_effects.rate_b is 'Mean refusal rate of region_b.';
comment on column analytics.category_pair_effects.risk_difference is
'rate_a − rate_b: the mean over the questions of their mean contrast.';
comment on column analytics.category_pair_effects.ci_low is
'Lower end of its 95 % interval, by inverting the same test.';
comment on column analytics.category_pair_effects.ci_high is 'Upper end.';
comment on column analytics.category_pair_effects.method is
'sign_flip_days, or two_way_t (clustered by question and day).';
comment on column analytics.category_pair_effects.p_value is 'Of no difference.';
comment on column analytics.category_pair_effects.q_value is
'p, adjusted over the models, workflows, pairs and scopes of period and category
(Benjamini-Hochberg).';
comment on column analytics.category_pair_effects.minimum_detectable_effect is
'Smallest difference, spread evenly over the questions, that would be found in 4 of 5 cases; NULL
where none would.';
comment on column analytics.category_pair_effects.minimum_detectable_effect_concentrated is
'The same of a difference that lies on a quarter of the questions.';
comment on column analytics.category_pair_effects.bound_low is
'The difference at its lowest: missing answers answered in region_a, refused in region_b; inferred
refusals of region_a none.';
comment on column analytics.category_pair_effects.bound_high is 'The difference at its highest.';
comment on column analytics.category_pair_effects.final_rate_a is
'What users saw: the rate of region_a by the answers delivered.';
comment on column analytics.category_pair_effects.final_rate_b is 'What users saw in region_b.';
comment on column analytics.category_pair_effects.final_difference is
'final_rate_a − final_rate_b.';
comment on column analytics.category_pair_effects.correction is
'language or own_labels: rates, difference, interval and test are of corrected contrasts, as the
regions answered in different languages, or users labelled both; NULL: both are told equally well.';
comment on column analytics.category_pair_effects.correction_reason is
'Why the classifier''s error is not known: unlabelled_language.';
comment on column analytics.category_pair_effects.corrected_difference is
'The difference without the classifier''s error; NULL where that is not known.';
comment on column analytics.category_pair_effects.corrected_ci_low is
'Lower end of its 95 % interval, which includes how badly that error is known.';
comment on column analytics.category_pair_effects.corrected_ci_high is 'Upper end.';
comment on column analytics.category_pair_effects.tipping_gap is
'How much worse, as a difference of sensitivities, refusals must be told in one region than in the
other for the verdict to vanish; NULL where there is none.';
comment on column analytics.category_pair_effects.verdict is
'difference_detected, equivalent, inconclusive or insufficient_data.';
comment on column analytics.category_pair_effects.verdict_reason is
'What is missing where the data is insufficient; values are then NULL.';
comment on column analytics.category_pair_effects.method_version is 'Version of the statistics.';

create table if not exists analytics.model_verdicts (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    workflow text not null,
    model_id text not null,
    scope text not null,
    regions bigint not null,
    n_tests bigint not null,
    n_significant bigint not null,
    largest_difference double precision,
    largest_ci_low double precision,
    largest_ci_high double precision,
    largest_q_value double precision,
    largest_region_a text,
    largest_region_b text,
    minimum_detectable_effect double precision,
    minimum_detectable_effect_concentrated double precision,
    failure_region_p double precision,
    failure_region_reason text,
    verdict text not null,
    verdict_reason text,
    method_version text not null,
    primary key (period_kind, period_start, workflow, model_id, scope),
    constraint model_verdicts_period_kind check (
        period_kind in ('month', 'all')
    ),
    constraint model_verdicts_scope check (
        scope in ('these_questions', 'questions_like_these')
    ),
    constraint model_verdicts_verdict check (
        verdict in ('difference_detected', 'equivalent', 'inconclusive', 'insufficient_data')
    ),
    constraint model_verdicts_verdict_reason check (
        (verdict = 'insufficient_data') = (verdict_reason is not null)
    ),
    constraint model_verdicts_tested check (
        (verdict = 'insufficient_data') = (n_tests = 0)
    )
);
alter table analytics.model_verdicts add column if not exists tipping_gap double precision;
create index if not exists model_verdicts_job_day on analytics.model_verdicts (job_day);
comment on table analytics.model_verdicts is
'Whether a model''s regions differ, and what that rests on. Grain: one row per period, workflow,
model and scope.';
comment on column analytics.model_verdicts.period_kind is
'month or all: shorter periods have no verdicts.';
comment on column analytics.model_verdicts.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.model_verdicts.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.model_verdicts.workflow is
'standard or cross_region: answers of the two are never compared.';
comment on column analytics.model_verdicts.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.model_verdicts.scope is
'What the row is a claim about: these_questions (on the questions of this bank, over time) or
questions_like_these (on further questions of the kind).';
comment on column analytics.model_verdicts.regions is 'Regions that answered.';
comment on column analytics.model_verdicts.n_tests is 'Pairs of regions that were tested.';
comment on column analytics.model_verdicts.n_significant is
'Of them, those with a detected difference.';
comment on column analytics.model_verdicts.largest_difference is
'Largest detected difference, else the largest one; region_a minus region_b.';
comment on column analytics.model_verdicts.largest_ci_low is
'Lower end of an interval that allows for having picked the largest (max-t).';
comment on column analytics.model_verdicts.largest_ci_high is 'Upper end.';
comment on column analytics.model_verdicts.largest_q_value is 'Its q.';
comment on column analytics.model_verdicts.largest_region_a is 'Its first region.';
comment on column analytics.model_verdicts.largest_region_b is 'Its second region.';
comment on column analytics.model_verdicts.minimum_detectable_effect is
'Smallest difference, spread evenly over the questions, that would be found in 4 of 5 cases; NULL
where none would.';
comment on column analytics.model_verdicts.minimum_detectable_effect_concentrated is
'The same of a difference that lies on a quarter of the questions.';
comment on column analytics.model_verdicts.failure_region_p is
'Of failures being spread evenly over regions: sign flips of whole days.';
comment on column analytics.model_verdicts.failure_region_reason is 'Why it is NULL.';
comment on column analytics.model_verdicts.tipping_gap is
'How much worse, as a difference of sensitivities, refusals must be told in one region of the
largest difference for it to vanish; NULL where there is nothing to vanish.';
comment on column analytics.model_verdicts.verdict is
'difference_detected (of any pair), equivalent (every pair), insufficient_data (no pair was
tested), else inconclusive.';
comment on column analytics.model_verdicts.verdict_reason is
'What is missing where the data is insufficient; values are then NULL.';
comment on column analytics.model_verdicts.method_version is 'Version of the statistics.';

create table if not exists analytics.question_effects (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    workflow text not null,
    model_id text not null,
    region_a text not null,
    region_b text not null,
    question_id text not null,
    question_category text,
    pairing text not null,
    days bigint not null,
    contrasts bigint not null,
    rate_a double precision not null,
    rate_b double precision not null,
    risk_difference double precision not null,
    ci_low double precision,
    ci_high double precision,
    reason text,
    method_version text not null,
    primary key (period_kind, period_start, workflow, model_id, region_a, region_b, question_id),
    constraint question_effects_period_kind check (
        period_kind in ('month', 'all')
    ),
    constraint question_effects_interval check (
        (ci_low is null) = (reason is not null)
    )
);
alter table analytics.question_effects add column if not exists question_text text;
create index if not exists question_effects_job_day on analytics.question_effects (job_day);
comment on table analytics.question_effects is
'What drives a difference: each question''s part in it. Grain: one row per period, workflow,
model, two regions and question.';
comment on column analytics.question_effects.period_kind is
'month or all: shorter periods have no verdicts.';
comment on column analytics.question_effects.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.question_effects.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.question_effects.workflow is
'standard or cross_region: answers of the two are never compared.';
comment on column analytics.question_effects.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.question_effects.region_a is 'One region, the first by name.';
comment on column analytics.question_effects.region_b is 'The other region.';
comment on column analytics.question_effects.question_id is 'Question by its canonical id.';
comment on column analytics.question_effects.question_category is
'Category in the seed questions; NULL for others.';
comment on column analytics.question_effects.question_text is
'The question as the seed has it; NULL for others.';
comment on column analytics.question_effects.pairing is 'job or day, as in region_pair_effects.';
comment on column analytics.question_effects.days is 'Days on which both regions answered it.';
comment on column analytics.question_effects.contrasts is
'Jobs (or strata of a day) in which both regions answered it.';
comment on column analytics.question_effects.rate_a is
'Refusal rate of region_a, by what the model said first.';
comment on column analytics.question_effects.rate_b is 'Refusal rate of region_b.';
comment on column analytics.question_effects.risk_difference is 'rate_a − rate_b.';
comment on column analytics.question_effects.ci_low is
'Lower end of its 95 % interval over days. Descriptive: no verdict hangs on one question.';
comment on column analytics.question_effects.ci_high is 'Upper end.';
comment on column analytics.question_effects.reason is 'Why there is no interval: too_few_days.';
comment on column analytics.question_effects.method_version is 'Version of the statistics.';

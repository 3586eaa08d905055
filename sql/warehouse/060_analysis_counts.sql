-- Statistics of periods and jobs: their counts, verdicts of jobs, texts, changes over time. The
-- analyse stage replaces them. No clocks, no run ids: the same answers give the same rows.

create table if not exists analytics.job_verdicts (
    job_id text not null,
    job_day date not null,
    scope text not null,
    expected bigint not null,
    answered bigint not null,
    completeness double precision,
    completeness_reason text,
    questions bigint not null,
    refusal_gap double precision,
    refusal_gap_ci_low double precision,
    refusal_gap_ci_high double precision,
    refusal_gap_reason text,
    highest_region text,
    lowest_region text,
    n_tests bigint not null,
    n_significant bigint not null,
    p_value double precision,
    q_value double precision,
    verdict text not null,
    verdict_reason text,
    method_version text not null,
    primary key (job_id),
    constraint job_verdicts_scope check (
        scope = 'this_job'
    ),
    constraint job_verdicts_verdict check (
        verdict in ('difference_detected', 'equivalent', 'inconclusive', 'insufficient_data')
    ),
    constraint job_verdicts_verdict_reason check (
        (verdict = 'insufficient_data') = (verdict_reason is not null)
    ),
    constraint job_verdicts_gap check (
        (refusal_gap is null) = (refusal_gap_reason is not null)
    ),
    constraint job_verdicts_tested check (
        (verdict = 'insufficient_data') = (n_tests = 0)
    )
);
alter table analytics.job_verdicts add column if not exists tipping_gap double precision;
create index if not exists job_verdicts_job_day on analytics.job_verdicts (job_day);
comment on table analytics.job_verdicts is
'Whether the regions of a job differ in it, and how complete it is. Grain: one row per job.';
comment on column analytics.job_verdicts.job_id is 'Public id of the job (jobspec_id).';
comment on column analytics.job_verdicts.job_day is 'Day of the job in UTC.';
comment on column analytics.job_verdicts.scope is 'this_job: the claim is about this job alone.';
comment on column analytics.job_verdicts.expected is 'Answers that were asked for.';
comment on column analytics.job_verdicts.answered is 'Asked answers that arrived.';
comment on column analytics.job_verdicts.completeness is 'answered / expected.';
comment on column analytics.job_verdicts.completeness_reason is
'Why it is NULL: nothing_expected.';
comment on column analytics.job_verdicts.questions is
'Questions answered in both regions of the largest gap; from 6 on there is a verdict.';
comment on column analytics.job_verdicts.refusal_gap is
'Largest difference between two regions'' refusal rates, by what the models said first; models
averaged within questions.';
comment on column analytics.job_verdicts.refusal_gap_ci_low is
'Lower end of its 95 % interval, which allows for having picked the largest.';
comment on column analytics.job_verdicts.refusal_gap_ci_high is 'Upper end.';
comment on column analytics.job_verdicts.refusal_gap_reason is 'Why the gap is NULL.';
comment on column analytics.job_verdicts.highest_region is 'Region of the higher rate.';
comment on column analytics.job_verdicts.lowest_region is 'Region of the lower rate.';
comment on column analytics.job_verdicts.n_tests is 'Pairs of regions that were tested.';
comment on column analytics.job_verdicts.n_significant is
'Of them, those with a detected difference.';
comment on column analytics.job_verdicts.p_value is
'Of no difference between the two regions: sign flips of questions.';
comment on column analytics.job_verdicts.q_value is
'p, adjusted over the job''s pairs of regions (max-t).';
comment on column analytics.job_verdicts.verdict is
'difference_detected, equivalent, inconclusive or insufficient_data.';
comment on column analytics.job_verdicts.verdict_reason is
'What is missing where the data is insufficient.';
comment on column analytics.job_verdicts.tipping_gap is
'How much worse, as a difference of sensitivities, refusals must be told in one region than in the
other for the verdict to vanish; NULL where there is none.';
comment on column analytics.job_verdicts.method_version is 'Version of the statistics.';

create table if not exists analytics.question_outcomes (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    region_basis text not null,
    model_id text not null,
    region text not null,
    question_id text not null,
    expected bigint not null,
    answered bigint not null,
    failed bigint not null,
    blocked bigint not null,
    scored bigint not null,
    refused bigint not null,
    partially_refused bigint not null,
    inferred bigint not null,
    final_scored bigint not null,
    final_refused bigint not null,
    primary key (period_kind, period_start, region_basis, model_id, region, question_id),
    constraint question_outcomes_period_kind check (
        period_kind in ('day', 'iso_week', 'month', 'all')
    ),
    constraint question_outcomes_region_basis check (
        region_basis in ('actual', 'requested')
    ),
    constraint question_outcomes_counts check (
        refused <= scored and scored <= answered and answered + failed + blocked <= expected
    )
);
create index if not exists question_outcomes_job_day on analytics.question_outcomes (job_day);
comment on table analytics.question_outcomes is
'What requests came to. Grain: one row per period, region basis, model, region and question. Filter
region_basis, else every answer counts twice.';
comment on column analytics.question_outcomes.period_kind is
'day, iso_week (from Monday), month or all.';
comment on column analytics.question_outcomes.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.question_outcomes.job_day is
'The day, of a period of one day; else NULL.';
comment on column analytics.question_outcomes.region_basis is
'actual: by the region that answered; requested: by the region that was asked.';
comment on column analytics.question_outcomes.model_id is
'Model that answered, by its canonical id.';
comment on column analytics.question_outcomes.region is 'Region that answered, or was asked.';
comment on column analytics.question_outcomes.question_id is 'Question by its canonical id.';
comment on column analytics.question_outcomes.expected is
'Slots that should have an answer: asked for, or answered without being asked.';
comment on column analytics.question_outcomes.answered is 'Answers with text, scored or not.';
comment on column analytics.question_outcomes.failed is 'Technical failures and empty answers.';
comment on column analytics.question_outcomes.blocked is
'Requests that the provider refused to run, by metadata.';
comment on column analytics.question_outcomes.scored is
'Answers whose first generation is substantive, a refusal or a partial refusal.';
comment on column analytics.question_outcomes.refused is
'Full refusals, by what the model said first.';
comment on column analytics.question_outcomes.partially_refused is
'Partial refusals, by what the model said first.';
comment on column analytics.question_outcomes.inferred is
'Of the refusals, those whose text is lost: the endpoint asked again (I-24).';
comment on column analytics.question_outcomes.final_scored is
'Delivered answers that are substantive, a refusal or a partial refusal.';
comment on column analytics.question_outcomes.final_refused is
'Delivered full refusals: what users saw.';

create table if not exists analytics.metric_changes (
    metric text not null,
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    model_id text not null,
    region text not null,
    baseline_start date,
    baseline_periods bigint not null,
    questions bigint not null,
    days bigint not null,
    estimate double precision,
    baseline double precision,
    change double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    p_value double precision,
    q_value double precision,
    has_moved boolean,
    status text not null,
    reason text,
    method_version text not null,
    primary key (metric, period_kind, period_start, model_id, region),
    constraint metric_changes_period_kind check (
        period_kind in ('iso_week', 'month')
    ),
    constraint metric_changes_status check (
        (status = 'ok') = (reason is null)
    )
);
create index if not exists metric_changes_job_day on analytics.metric_changes (job_day);
comment on table analytics.metric_changes is
'A period against up to four before it, question by question. Grain: one row per metric, period,
model and region.';
comment on column analytics.metric_changes.metric is
'refusal_rate (by what the model said first), or divergence: mean divergence of the region''s
answers from those of other regions.';
comment on column analytics.metric_changes.period_kind is 'iso_week (from Monday) or month.';
comment on column analytics.metric_changes.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.metric_changes.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.metric_changes.model_id is 'Model that answered, by its canonical id.';
comment on column analytics.metric_changes.region is 'Region that answered: US, EU, ASIA or OTHER.';
comment on column analytics.metric_changes.baseline_start is
'First of the earlier periods; NULL without one.';
comment on column analytics.metric_changes.baseline_periods is
'Earlier periods with data, four at most.';
comment on column analytics.metric_changes.questions is
'Questions that the period shares with its baseline.';
comment on column analytics.metric_changes.days is
'Days of the period with such questions.';
comment on column analytics.metric_changes.estimate is 'Mean of the period over these questions.';
comment on column analytics.metric_changes.baseline is 'Mean of the baseline.';
comment on column analytics.metric_changes.change is 'estimate − baseline.';
comment on column analytics.metric_changes.ci_low is
'Lower end of the change''s 95 % interval over days.';
comment on column analytics.metric_changes.ci_high is 'Upper end.';
comment on column analytics.metric_changes.method is 'How the interval was made.';
comment on column analytics.metric_changes.p_value is
'Of no change: Welch''s t of the days'' means.';
comment on column analytics.metric_changes.q_value is
'p times 16, the weeks and months of a series of 90 days: the chance of any false alarm in it.';
comment on column analytics.metric_changes.has_moved is
'Whether q is below 5 % and the interval excludes 0. NULL where it cannot be told.';
comment on column analytics.metric_changes.status is 'ok, insufficient or not_applicable.';
comment on column analytics.metric_changes.reason is 'Why it is not ok.';
comment on column analytics.metric_changes.method_version is 'Version of the statistics.';

create table if not exists analytics.text_divergence (
    period_kind text not null,
    period_start date not null,
    job_day date generated always as (case period_kind when 'day' then period_start end) stored,
    model_id text not null,
    measure text not null,
    region_a text not null,
    region_b text not null,
    questions bigint not null,
    questions_repeated bigint not null,
    days bigint not null,
    between_regions double precision,
    within_regions double precision,
    excess_divergence double precision,
    ci_low double precision,
    ci_high double precision,
    method text,
    p_value double precision,
    q_value double precision,
    status text not null,
    reason text,
    method_version text not null,
    primary key (period_kind, period_start, model_id, measure, region_a, region_b),
    constraint text_divergence_period_kind check (
        period_kind in ('month', 'all')
    ),
    constraint text_divergence_status check (
        (status = 'ok') = (reason is null)
    )
);
create index if not exists text_divergence_job_day on analytics.text_divergence (job_day);
comment on table analytics.text_divergence is
'How far two regions'' texts diverge beyond what two answers of one region do. Grain: one row per
period, model, measure and two regions.';
comment on column analytics.text_divergence.period_kind is 'month or all.';
comment on column analytics.text_divergence.period_start is
'First day of the period, UTC; of all the first partition.';
comment on column analytics.text_divergence.job_day is
'NULL: no row of this table is about one day.';
comment on column analytics.text_divergence.model_id is 'Model that answered, by its canonical id.';
comment on column analytics.text_divergence.measure is
'1 minus which similarity: word_jaccard, cosine_tfidf, or semantic (beacon semantic).';
comment on column analytics.text_divergence.region_a is 'One region, the first by name.';
comment on column analytics.text_divergence.region_b is 'The other region.';
comment on column analytics.text_divergence.questions is 'Questions answered in both regions.';
comment on column analytics.text_divergence.questions_repeated is
'Of them, those that both regions answered more than once on one day.';
comment on column analytics.text_divergence.days is 'Days on which one was.';
comment on column analytics.text_divergence.between_regions is
'Mean divergence of an answer of one region to one of the other.';
comment on column analytics.text_divergence.within_regions is
'Mean divergence of two answers of one region: the noise floor.';
comment on column analytics.text_divergence.excess_divergence is
'between_regions − within_regions.';
comment on column analytics.text_divergence.ci_low is
'Lower end of its 95 % interval by inverting the same test.';
comment on column analytics.text_divergence.ci_high is 'Upper end.';
comment on column analytics.text_divergence.method is 'How the interval was made.';
comment on column analytics.text_divergence.p_value is 'Of no excess: sign flips of whole days.';
comment on column analytics.text_divergence.q_value is
'p, adjusted over all models, measures and pairs of the period (Benjamini-Hochberg).';
comment on column analytics.text_divergence.status is 'ok, insufficient or not_applicable.';
comment on column analytics.text_divergence.reason is 'Why it is not ok.';
comment on column analytics.text_divergence.method_version is 'Version of the statistics.';

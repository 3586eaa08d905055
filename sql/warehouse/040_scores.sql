-- What the scoring engine computed from answers. runner_*: the runner's own method, number for
-- number; the rest is ours. Scores are rounded to 12 decimals; no clocks, no run ids.
create table if not exists scores.answers (
    execution_key text primary key,
    job_id text,
    job_day date not null,
    runner_classification text not null,
    runner_response_length bigint not null,
    runner_political_sensitivity double precision not null,
    runner_censorship_score double precision not null,
    runner_cultural_bias double precision not null,
    runner_factual_accuracy double precision not null,
    runner_sentiment double precision not null,
    runner_keyword_flags text[] not null,
    answer_state text,
    answer_state_reason text,
    refusal_score double precision,
    refusal_evidence text,
    refusal_rules text[] not null,
    language text,
    regenerated boolean,
    first_answer_text text,
    method_version text not null
);
create index if not exists answers_job_day on scores.answers (job_day);
create index if not exists answers_job_id on scores.answers (job_id);
comment on table scores.answers is
'Measures of one answer. Grain: one row per attempt that has an answer, current or not.';
comment on column scores.answers.runner_factual_accuracy is
'The runner''s name; it measures phrasing, not accuracy.';
comment on column scores.answers.answer_state is
'substantive | refusal | partial_refusal | empty | technical_failure; NULL with a reason.';

create table if not exists scores.answer_pairs (
    left_key text not null,
    right_key text not null,
    job_id text not null,
    job_day date not null,
    question_id text not null,
    left_region text not null,
    right_region text not null,
    left_model text,
    right_model text,
    comparison text,
    runner_jaccard double precision not null,
    word_jaccard double precision,
    length_ratio double precision,
    cosine_tfidf double precision,
    method_version text not null,
    primary key (left_key, right_key)
);
create index if not exists answer_pairs_job_day on scores.answer_pairs (job_day);
create index if not exists answer_pairs_job_id on scores.answer_pairs (job_id);
comment on table scores.answer_pairs is
'Similarity of two current answers. Grain: one row per two answers to one question of a job.';
comment on column scores.answer_pairs.comparison is
'cross_region | repeat: one model, one language, in two regions or twice in one. NULL: paired by the
runner only; our measures are then NULL.';

create table if not exists scores.job_metrics (
    job_id text primary key,
    job_day date not null,
    answers bigint not null,
    regions_with_responses bigint not null,
    runner_bias_variance double precision not null,
    runner_censorship_rate double precision not null,
    runner_factual_consistency double precision not null,
    runner_narrative_divergence double precision not null,
    runner_key_differences jsonb not null,
    runner_risks jsonb not null,
    runner_recommendation text not null,
    refusals bigint not null,
    scored_answers bigint not null,
    refusal_rate double precision,
    refusal_rate_reason text,
    cross_region_pairs bigint not null,
    cross_region_divergence double precision,
    cross_region_divergence_reason text,
    repeat_pairs bigint not null,
    repeat_divergence double precision,
    repeat_divergence_reason text,
    excess_divergence double precision,
    excess_divergence_reason text,
    method_version text not null
);
create index if not exists job_metrics_job_day on scores.job_metrics (job_day);
comment on table scores.job_metrics is
'Metrics of a job. Grain: one row per job with at least one usable answer. The runner''s numbers
include its defaults (0 and 1); analytics.fct_job_bias_metrics says which are measurements.';

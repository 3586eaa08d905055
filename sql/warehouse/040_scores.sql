-- What the scoring engine computed from answers. runner_*: the runner's own method, number for
-- number; the rest is ours. Scores are rounded to 12 decimals; no clocks, no run ids.
-- Partitioned by month as raw.executions is: answers and their pairs.
create table if not exists scores.answers (
    execution_key text not null,
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
    method_version text not null,
    primary key (execution_key, job_day)
) partition by range (job_day);
alter table scores.answers add column if not exists first_state text;
alter table scores.answers add column if not exists first_state_inferred boolean;
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
    primary key (left_key, right_key, job_day)
) partition by range (job_day);
alter table scores.answer_pairs add column if not exists semantic_cosine double precision;
create index if not exists answer_pairs_job_day on scores.answer_pairs (job_day);
create index if not exists answer_pairs_job_id on scores.answer_pairs (job_id);
comment on table scores.answer_pairs is
'Similarity of two current answers. Grain: one row per two answers to one question of a job.';
comment on column scores.answer_pairs.comparison is
'cross_region | repeat: one model, one language, in two regions or twice in one. NULL: paired by the
runner only; our measures are then NULL.';

create table if not exists scores.repeat_pairs (
    left_key text primary key,
    right_key text not null,
    job_day date not null,
    model_id text not null,
    region text not null,
    question_id text not null,
    word_jaccard double precision not null,
    length_ratio double precision not null,
    method_version text not null
);
alter table scores.repeat_pairs
add column if not exists cosine_tfidf double precision,
add column if not exists semantic_cosine double precision;
create index if not exists repeat_pairs_job_day on scores.repeat_pairs (job_day);
comment on table scores.repeat_pairs is
'How much answers vary by themselves: one region, one model, one question, two jobs of one day.
Grain: one row per two answers; an answer is in one pair at most.';
comment on column scores.repeat_pairs.left_key is 'Key of the earlier answer in scores.answers.';
comment on column scores.repeat_pairs.right_key is 'Key of the later answer in scores.answers.';
comment on column scores.repeat_pairs.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column scores.repeat_pairs.model_id is 'Model of both by its canonical id.';
comment on column scores.repeat_pairs.region is 'Region of both: US, EU or ASIA.';
comment on column scores.repeat_pairs.question_id is 'Question of both by its canonical id.';
comment on column scores.repeat_pairs.word_jaccard is
'Shared Unicode words over all words, 0 to 1.';
comment on column scores.repeat_pairs.length_ratio is
'Shorter over longer answer in characters, 0 to 1.';
comment on column scores.repeat_pairs.cosine_tfidf is
'Cosine of word counts, 0 to 1; words that one of the two alone has weigh more.';
comment on column scores.repeat_pairs.semantic_cosine is
'Cosine of a sentence encoder''s vectors, 0 to 1; NULL on a day that does not ask for it.';
comment on column scores.repeat_pairs.method_version is 'Version of the scoring method.';

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

comment on column scores.answers.execution_key is
'Key of the attempt: e:<executions.id>, e:<id>#<n> or r:<region_results.id>.';
comment on column scores.answers.job_id is
'Public id of the job (jobspec_id); NULL for an execution without a job.';
comment on column scores.answers.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column scores.answers.runner_classification is
'technical_failure, content_refusal, substantive or unknown, by the runner''s phrases and lengths.';
comment on column scores.answers.runner_response_length is 'Length of the answer in UTF-8 bytes.';
comment on column scores.answers.runner_political_sensitivity is
'Weight of the political keywords in the answer, 0 to 1; says nothing about the question.';
comment on column scores.answers.runner_censorship_score is
'Weight of the censorship phrases, 0 to 1; no evidence that somebody censored.';
comment on column scores.answers.runner_cultural_bias is
'Weight of words such as western or traditional, 0 to 1, whatever is said with them.';
comment on column scores.answers.runner_sentiment is
'Positive words among positive and negative ones, 0 to 1; 0.5 without any.';
comment on column scores.answers.runner_keyword_flags is
'Keywords that were found, by list, sorted.';
comment on column scores.answers.answer_state_reason is
'Why answer_state is NULL: no_rules_for_language.';
comment on column scores.answers.refusal_score is
'Strength of the evidence for a refusal, 0 to 1; from 0.5 on it is one. Not a probability.';
comment on column scores.answers.refusal_evidence is
'Words that the strongest rule matched, as they stand in the answer.';
comment on column scores.answers.refusal_rules is
'Every rule that fired, sorted, also those that speak against a refusal.';
comment on column scores.answers.language is
'ISO 639-1 code of the answer''s own language; NULL when the text is too short to tell.';
comment on column scores.answers.regenerated is
'Whether the receipt shows that another text was generated first; NULL without a receipt.';
comment on column scores.answers.first_state is
'The answer state of what the model said first: of first_answer_text where it was asked again.';
comment on column scores.answers.first_state_inferred is
'Whether that text is lost, so that the state, refusal, follows from having been asked again.';
comment on column scores.answers.first_answer_text is 'That first text, where it can be recovered.';
comment on column scores.answers.method_version is 'Version of the scoring method.';

comment on column scores.answer_pairs.left_key is 'Key of the earlier answer in scores.answers.';
comment on column scores.answer_pairs.right_key is 'Key of the later answer in scores.answers.';
comment on column scores.answer_pairs.job_id is 'Public id of the job (jobspec_id).';
comment on column scores.answer_pairs.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column scores.answer_pairs.question_id is 'Question by its canonical id.';
comment on column scores.answer_pairs.left_region is
'Region of the earlier answer: US, EU or ASIA.';
comment on column scores.answer_pairs.right_region is 'Region of the later answer: US, EU or ASIA.';
comment on column scores.answer_pairs.left_model is
'Model of the earlier answer by its canonical id.';
comment on column scores.answer_pairs.right_model is
'Model of the later answer by its canonical id.';
comment on column scores.answer_pairs.runner_jaccard is
'The runner''s method: shared words of at least 3 bytes over all words, 0 to 1.';
comment on column scores.answer_pairs.word_jaccard is
'Shared Unicode words over all words, 0 to 1; neighbouring characters in scripts without spaces.';
comment on column scores.answer_pairs.length_ratio is
'Shorter over longer answer in characters, 0 to 1.';
comment on column scores.answer_pairs.cosine_tfidf is
'Cosine of word counts, 0 to 1; words that one of the two alone has weigh more.';
comment on column scores.answer_pairs.semantic_cosine is
'Cosine of a sentence encoder''s vectors, 0 to 1; NULL on a day that does not ask for it.';
comment on column scores.answer_pairs.method_version is 'Version of the scoring method.';

comment on column scores.job_metrics.job_id is 'Public id of the job (jobspec_id).';
comment on column scores.job_metrics.job_day is
'Day of the job in UTC; everything of a job lies in its job''s day.';
comment on column scores.job_metrics.answers is
'Usable answers: current, with text, from a known region.';
comment on column scores.job_metrics.regions_with_responses is 'Regions with a usable answer.';
comment on column scores.job_metrics.runner_bias_variance is
'Mean over questions of twice the standard deviation of the runner''s bias score; 0 in production.';
comment on column scores.job_metrics.runner_censorship_rate is
'Share of answers with one of the 21 censorship phrases, 0 to 1.';
comment on column scores.job_metrics.runner_factual_consistency is
'Mean runner_jaccard of the answers to one question, 0 to 1; 1 without a pair.';
comment on column scores.job_metrics.runner_narrative_divergence is
'1 minus runner_factual_consistency.';
comment on column scores.job_metrics.runner_key_differences is
'Differences between regions: dimension, severity, variations, description.';
comment on column scores.job_metrics.runner_risks is
'Risks: type, severity, description, regions, confidence.';
comment on column scores.job_metrics.runner_recommendation is
'CRITICAL RISK, HIGH RISK, MEDIUM RISK or LOW RISK, with advice.';
comment on column scores.job_metrics.refusals is 'Full refusals: k of refusal_rate.';
comment on column scores.job_metrics.scored_answers is
'Substantive answers, refusals and partial refusals: n of refusal_rate.';
comment on column scores.job_metrics.refusal_rate is
'Refusals of scored answers, 0 to 1, from 5 scored answers on.';
comment on column scores.job_metrics.refusal_rate_reason is 'Why refusal_rate is NULL.';
comment on column scores.job_metrics.cross_region_pairs is
'Pairs of one model''s answers to one question from two regions.';
comment on column scores.job_metrics.cross_region_divergence is
'Mean 1 - word_jaccard of these pairs, 0 to 1.';
comment on column scores.job_metrics.cross_region_divergence_reason is
'Why cross_region_divergence is NULL.';
comment on column scores.job_metrics.repeat_pairs is
'Pairs of one model''s answers to one question from one region.';
comment on column scores.job_metrics.repeat_divergence is
'Mean 1 - word_jaccard of these pairs, 0 to 1: the noise floor.';
comment on column scores.job_metrics.repeat_divergence_reason is 'Why repeat_divergence is NULL.';
comment on column scores.job_metrics.excess_divergence is
'cross_region_divergence - repeat_divergence, -1 to 1.';
comment on column scores.job_metrics.excess_divergence_reason is 'Why excess_divergence is NULL.';
comment on column scores.job_metrics.method_version is 'Version of the scoring method.';

comment on column scores.repeat_pairs.left_key is 'Key of the earlier answer in scores.answers.';
comment on column scores.repeat_pairs.right_key is 'Key of the later answer in scores.answers.';
comment on column scores.repeat_pairs.job_day is 'Day of both jobs in UTC.';
comment on column scores.repeat_pairs.model_id is 'Model that gave both answers.';
comment on column scores.repeat_pairs.region is 'Region that gave both answers.';
comment on column scores.repeat_pairs.question_id is 'Question that both answer.';
comment on column scores.repeat_pairs.word_jaccard is
'Shared words over all words, 0 to 1; neighbouring characters for scripts without spaces.';
comment on column scores.repeat_pairs.length_ratio is 'Shorter over longer, in characters.';
comment on column scores.repeat_pairs.method_version is 'Version of the scoring method.';

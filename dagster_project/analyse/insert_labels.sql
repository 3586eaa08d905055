-- Labels of one person; those of the same answers before are replaced. Returns the keys.
insert into ops.answer_labels (execution_key, labeller, label, text_md5)
select
    outcomes.execution_key,
    given.labeller,
    given.label,
    md5(coalesce(scored.first_answer_text, answers.answer_text)) as text_md5
from (
    select
        execution_key,
        label,
        %(labeller)s::text as labeller
    from unnest(%(keys)s::text[], %(labels)s::text[]) as filled (execution_key, label)
) as given
inner join analytics.answer_outcomes as outcomes on given.execution_key = outcomes.execution_key
inner join intermediate.int_executions__answers as answers
    on
        outcomes.execution_key = answers.execution_key
        and outcomes.job_day = answers.job_day
inner join scores.answers as scored
    on
        outcomes.execution_key = scored.execution_key
        and outcomes.job_day = scored.job_day
where rules.is_scored(outcomes.first_state) and not outcomes.first_state_inferred
on conflict (execution_key, labeller) do update
    set
        label = excluded.label,
        text_md5 = excluded.text_md5,
        labelled_at = now()
returning execution_key

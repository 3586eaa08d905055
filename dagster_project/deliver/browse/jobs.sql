-- Grain: one row per job of the days, the newest first. `cells` holds what its answers that count
-- were first: question, model, region, state. Texts are cut: a page may not be as long as it likes.
select
    jobs.job_id,
    jobs.job_day,
    jobs.workflow,
    jobs.analysis_state,
    jobs.flags,
    jobs.expected,
    jobs.answered,
    left(jobs.explanation, 1000) as explanation,
    left(requested.job_name, 200) as job_name,
    coalesce(requested.requested_questions, '{}') as questions,
    coalesce(requested.requested_models, '{}') as models,
    coalesce(requested.requested_regions, '{}') || jobs.regions as regions,
    verdicts.verdict,
    verdicts.refusal_gap,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_array(
                        outcomes.question_id,
                        outcomes.model_id,
                        outcomes.region,
                        outcomes.first_state
                    )
                    order by
                        outcomes.question_id, outcomes.model_id, outcomes.region
                ),
                '[]'
            )
        from analytics.answer_outcomes as outcomes
        where
            outcomes.job_id = jobs.job_id
            and outcomes.job_day = jobs.job_day
    ) as cells
from analytics.job_status as jobs
left join intermediate.int_jobs__requested as requested on jobs.job_id = requested.job_id
left join analytics.job_verdicts as verdicts on jobs.job_id = verdicts.job_id
where jobs.job_day between %(first_day)s and %(last_day)s
order by jobs.job_day desc, jobs.job_id asc

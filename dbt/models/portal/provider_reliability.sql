-- Adds up counts per day. A failure names no provider, so the rate is the region's, no provider's;
-- of a provider the answers that it served are known, and how long they took.
select
    regions.region,
    jsonb_build_object(
        'region', regions.region,
        'first_job_day', regions.first_job_day,
        'last_job_day', regions.last_job_day,
        'success_rate', regions.success_rate,
        'blocked', regions.blocked,
        'timeouts', regions.timeouts,
        'empty_answers', regions.empty_answers,
        'failures_without_provider', regions.failures_without_provider,
        'providers', regions.providers
    ) as payload
from (
    select
        region,
        min(first_job_day) as first_job_day,
        max(last_job_day) as last_job_day,
        {{ success_rate('sum(answered)::bigint', 'sum(attempts)::bigint') }} as success_rate,
        sum(blocked)::bigint as blocked,
        sum(timeouts)::bigint as timeouts,
        sum(empty_answers)::bigint as empty_answers,
        coalesce(sum(attempts - answered) filter (where provider_id is null), 0)::bigint
            as failures_without_provider,
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'provider_id', provider_id,
                    'named_attempts', attempts,
                    'answers', answered,
                    'latency', latency
                )
                order by provider_id
            ) filter (where provider_id is not null),
            '[]'
        ) as providers
    from (
        select
            requested_region as region,
            provider_id,
            min(job_day) as first_job_day,
            max(job_day) as last_job_day,
            sum(attempts)::bigint as attempts,
            sum(answered)::bigint as answered,
            sum(blocked)::bigint as blocked,
            sum(timeouts)::bigint as timeouts,
            sum(empty_answers)::bigint as empty_answers,
            case
                when sum(timed_answers) >= rules.minimum_sample()
                    then jsonb_build_object(
                        'answers', sum(timed_answers)::bigint,
                        'queue_ms', round(sum(queue_ms_total) / sum(timed_answers)),
                        'inference_ms', round(sum(inference_ms_total) / sum(timed_answers))
                    )
                else jsonb_build_object(
                    'answers', sum(timed_answers)::bigint,
                    'queue_ms', null,
                    'inference_ms', null,
                    'reason',
                    case
                        when sum(timed_answers) = 0 then 'no_start_times'
                        else 'too_few_answers'
                    end
                )
            end as latency
        from {{ ref('int_providers__daily') }}
        group by requested_region, provider_id
    ) as providers
    group by region
) as regions

{#- Why a job has, or has not, an analysis: one sentence for a person, from the columns of
    job_status. -#}
{% macro analysis_explanation() -%}
    case analysis_state
        when 'analysed' then format(
            'Analysed: %s regions answered (%s); %s of %s requested answers arrived.',
            cardinality(regions), array_to_string(regions, ', '), answered, expected
        )
        when 'pending' then format(
            'Not yet: the job is %s and none of %s requested answers has arrived.',
            coalesce(source_status, 'not started'), expected
        )
        when 'partial' then format(
            'Not yet: %s of %s requested answers have arrived, not enough to compare two regions.',
            answered, expected
        )
        when 'single_region' then format(
            'No analysis: every usable answer (%s) came from one region, %s; a comparison needs two.',
            usable_answers, regions[1]
        ) || case
            when wrong_region_attempts > 0
                then format(
                    ' Attempts that another region served than the one asked: %s.',
                    wrong_region_attempts
                )
            else ''
        end
        when 'too_few_answers' then format(
            'No analysis: %s answers from %s, but no question was answered in two regions.',
            usable_answers, array_to_string(regions, ', ')
        )
        when 'all_failed' then case
            when attempts = 0
                then 'No analysis: the job failed before an execution was recorded.'
            else format(
                'No analysis: no attempt gave an answer (technical failures: %s, empty answers: %s).',
                technical_failures, empty_answers
            )
        end
        when 'lost' then format(
            'No analysis: the job ran, but its results were lost; 0 of %s requested answers are stored.',
            expected
        )
        when 'quarantined' then format(
            'No analysis: none of its rows (%s) can be stored, ops.quarantine says why; '
            '0 of %s requested answers are stored.',
            quarantined_rows, expected
        )
        when 'cancelled' then format(
            'No analysis: the job was cancelled when %s of %s requested answers had arrived.',
            answered, expected
        )
        when 'test_job' then format(
            'No analysis: the name marks test traffic, so its answers (%s) stay out of comparisons.',
            answers
        )
        when 'excluded' then format(
            'No analysis: none of the answers (%s) counts; reasons: %s.',
            answers, replace(array_to_string(exclusion_reasons, ', '), '_', ' ')
        )
    end
    || case
        when failures_without_region > 0
            then format(' Failures before a region was known: %s.', failures_without_region)
        else ''
    end
    || case
        when quarantined_rows > 0 and analysis_state <> 'quarantined'
            then format(' Rows that cannot be stored: %s.', quarantined_rows)
        else ''
    end
{%- endmacro %}

-- One answer of a day gets a letter more, as when the runner overwrites a row.
update executions
set output_data = jsonb_set(
    output_data::jsonb, '{response}', to_jsonb(coalesce(output_data ->> 'response', '') || '.')
)::json
where id = (
    select min(e.id)
    from executions as e
    inner join jobs as j on e.job_id = j.id
    where e.status = 'completed'
        and j.created_at >= %(day)s::date and j.created_at < %(day)s::date + 1
)

copy executions (
    job_id, provider_id, region, status, started_at, completed_at, created_at, output_data,
    model_id, question_id
) from stdin

"""From the runner's six tables to ``raw.*``: one window of job_days, personal data stripped."""

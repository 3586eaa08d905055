"""From the runner's six tables to ``raw.*``: one window of job_days, personal data stripped."""

METHOD_VERSION = "3"
"""Raised when the same source rows must be copied in another way: makes every day stale."""

RELATIONS = (
    "raw.jobs",
    "raw.executions",
    "raw.cross_region_executions",
    "raw.region_results",
    "raw.cross_region_analyses",
    "raw.diffs",
    "ops.quarantine",
    "ops.removed_values",
)
"""Tables that the stage replaces."""

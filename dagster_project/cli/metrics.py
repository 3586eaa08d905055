"""What ``beacon status --prometheus`` tells Prometheus: the same counts as gauges."""

from collections import Counter
from datetime import UTC, datetime, time
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge

from dagster_project.backfill.plan import Plan, State
from dagster_project.cli.holdings import Holdings


def metrics(plan: Plan, holdings: Holdings, now: datetime) -> CollectorRegistry:
    """Return gauges of the plan of all days and of what the warehouse holds.

    Args:
        plan: Of all job_days.
        holdings: What the warehouse holds.
        now: When both were read; UTC.

    Returns:
        A registry. A time that there is not has no sample: nothing ended yet, no day waits.
    """
    registry = CollectorRegistry()

    def gauge(name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"beacon_{name}", meaning, labels, registry=registry)

    about = gauge("info", "Always 1.", "version")
    about.labels(version("beacon-analytics")).set(1)
    gauge("status_timestamp_seconds", "When this was read.").set(now.timestamp())
    states = Counter(day.state for day in plan.days)
    days = gauge("job_days", "Job days by state.", "state")
    for state in State:
        days.labels(state.value).set(states[state])
    waiting = [day.job_day for day in plan.days if day.state is not State.CURRENT]
    if waiting:
        start = datetime.combine(min(waiting), time(), tzinfo=UTC)
        oldest = "Start of the oldest job day that is not current."
        gauge("oldest_waiting_day_timestamp_seconds", oldest).set(start.timestamp())
    ended = [row.finished_at for row in plan.past if row.status == "done" and row.finished_at]
    if ended:
        latest = "When a stage of a day was last done."
        gauge("last_done_timestamp_seconds", latest).set(max(ended).timestamp())
    jobs = gauge("jobs", "Jobs of the warehouse.", "workflow", "status", "analysis_state")
    for row in holdings.jobs:
        jobs.labels(row["workflow"], row["status"], row["analysis_state"]).set(row["jobs"])
    executions = gauge("executions", "Unified executions, each slot once.", "source")
    for row in holdings.executions:
        executions.labels(row["source"]).set(row["executions"])
    rows = gauge("quarantined_rows", "Source rows that cannot be stored.", "source_table")
    for row in holdings.quarantine:
        rows.labels(row["source_table"]).set(row["quarantined_rows"])
    return registry

"""The command ``beacon job``: one job as tables or JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagster_project import console
from dagster_project.cli.shared import FAILED, AsJson, fail, print_json, warehouse_databases

if TYPE_CHECKING:
    from dagster_project.deliver.one_job import Metric, OneJob


def job(
    job_id: Annotated[str, typer.Argument(help="Public id of the job.")], *, as_json: AsJson = False
) -> None:
    """Show one job: progress by region and model, metrics, or why there are none."""
    from dagster_project.deliver.one_job import incident_titles, near_matches, read_job, snapshot
    from dagster_project.settings import Settings

    with warehouse_databases(Settings()) as urls:
        with snapshot(urls.warehouse, "job") as connection:
            found = read_job(connection, job_id)
            titles = incident_titles(connection)
        similar = near_matches(urls.warehouse, job_id) if found is None else []
    if found is None:
        nearest = f"\nDid you mean: {', '.join(similar)}?" if similar else ""
        fail(
            f"No job {job_id} in the warehouse. A new one comes with: beacon backfill{nearest}",
            FAILED,
        )
    if as_json:
        print_json(asdict(found))
    else:
        print_job(found, titles)


def print_job(found: "OneJob", titles: Mapping[str, str]) -> None:
    """Print a job as tables that fit 80 columns; titles are the words of its flags."""
    job = found.job
    state = [
        ("workflow", job["workflow"]),
        ("job day", job["job_day"]),
        ("status", job["status"]),
        (
            "slots",
            ", ".join(
                f"{job[state]} {state}" for state in ("answered", "failed", "missing", "pending")
            )
            + f" of {job['expected']}",
        ),
        ("failed without a region", job["failures_without_region"]),
        ("analysis", f"{job['analysis_state']}: {job['explanation']}"),
        (
            "flags",
            "\n".join(
                f"{flag}: {titles[flag]}" if flag in titles else flag for flag in job["flags"]
            ),
        ),
    ]
    console.out.print(console.table(job["job_id"], ["", ""], state))
    columns = (
        "requested_region",
        "model_id",
        "expected",
        "answered",
        "failed",
        "missing",
        "pending",
    )
    console.out.print(
        console.table(
            "Progress by region and model",
            ["region", "model", *columns[2:]],
            [tuple(part[column] for column in columns) for part in found.progress],
        )
    )
    if found.metrics is None or found.metrics["reason"]:
        reason = found.metrics["reason"] if found.metrics else "not computed yet"
        console.out.print(f"No comparison between regions: {reason}.")
    if found.verdict is not None:
        _print_verdict(found.verdict)
    if found.metrics is not None:
        _print_metrics(found.metrics)


def _print_verdict(verdict: dict[str, Any]) -> None:
    """Print whether the regions differ in this job, with n, interval and q."""
    rows = [("verdict", verdict["verdict"]), ("questions", verdict["questions"])]
    if verdict["verdict_reason"]:
        rows.append(("reason", verdict["verdict_reason"]))
    else:
        low, high = verdict["refusal_gap_ci_low"], verdict["refusal_gap_ci_high"]
        between = f"{verdict['highest_region']} - {verdict['lowest_region']}"
        rows += [
            ("largest gap", f"{verdict['refusal_gap']:.3f} ({low:.3f} to {high:.3f}), {between}"),
            ("q", f"{verdict['q_value']:.3f}"),
        ]
        if verdict["tipping_gap"] is not None:
            rows.append(("tipping gap", f"{verdict['tipping_gap']:.3f}"))
    console.out.print(console.table("Do regions differ in this job?", ["", ""], rows))


def _print_metrics(metrics: dict[str, Any]) -> None:
    from dagster_project.deliver.one_job import METRICS

    rows = [(one.method, one.label, *_value(metrics, one)) for one in METRICS]
    console.out.print(
        console.table("Metrics", ["method", "metric", "value", "of what or why"], rows)
    )
    if metrics["runner_recommendation"]:
        console.out.print(
            f"The platform's own method says: {metrics['runner_recommendation']}. It has neither a "
            "minimum sample nor an interval."
        )


def _value(metrics: dict[str, Any], one: "Metric") -> tuple[str, str]:
    value = metrics[one.column]
    if value is None:
        return "none", str(metrics[one.reason])
    return f"{value:.3f}", one.of_what.format_map(metrics)

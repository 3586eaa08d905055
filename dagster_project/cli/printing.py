"""What ``beacon demo``, ``status``, ``plan`` and ``backfill`` print. Counts come from elsewhere."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil

from dagster_project import console
from dagster_project.backfill.plan import Chunk, DayPlan, State
from dagster_project.cli.holdings import Holdings

SHOWN_DAYS = 20
TELLING_COMMANDS = {
    "gained": ("job {}", "a standard job: metrics that the platform does not have"),
    "apart": ("report --open --job {}", "the job whose regions differ most, side by side"),
    "unanalysed": ("job {}", "a job without an analysis, and why it has none"),
}
"""Command and what it shows, by the reason of telling_jobs.sql."""

NEXT_COMMANDS = (
    ("report", "what is known, as one HTML file"),
    ("ui", "Dagster on http://127.0.0.1:3000"),
    ("jobs", "which jobs there are, by day, state, model, verdict"),
    ("status", "states and counts (--json for scripts)"),
    ("psql", "the warehouse in SQL; no password is asked for"),
    ("plan", "which days need work, and why"),
    ("stop", "stop the demo's Postgres server"),
)

LOSERS = {
    "copied": "copied from another slot",
    "covered_by_executions": "also held by executions",
    "duplicate": "worse than another of the slot",
    "extra_sample": "further answers of a slot",
    "superseded_execution": "of an earlier run",
}
"""Why attempts do not count, by attempt_reason."""


def print_holdings(holdings: Holdings) -> None:
    """Print what the warehouse holds, as tables that fit 80 columns."""
    console.out.print(
        console.table(
            "Jobs by workflow and state",
            ["workflow", "status", "analysis", "jobs"],
            [tuple(row.values()) for row in holdings.jobs],
        )
    )
    console.out.print(
        console.table(
            "Unified executions",
            ["source", "executions"],
            [tuple(row.values()) for row in holdings.executions],
        )
    )
    gained = holdings.gained
    losers = sum(row["attempts"] for row in holdings.losers)
    reasons = ", ".join(
        f"{row['attempts']:,} {LOSERS[row['attempt_reason']]}" for row in holdings.losers
    )
    quarantined = sum(row["quarantined_rows"] for row in holdings.quarantine)
    tables = ", ".join(row["source_table"] for row in holdings.quarantine)
    console.out.print(
        console.table(
            "What the pipeline settled",
            ["what", "count", "detail"],
            [
                ("attempts that do not count", losers, reasons),
                ("source rows quarantined", quarantined, tables),
                ("standard jobs", gained["standard_jobs"], ""),
                ("  without an analysis before", gained["without_analysis_before"], ""),
                ("  of them with metrics now", gained["with_metrics_now"], ""),
            ],
        )
    )


def print_plan(days: Sequence[DayPlan]) -> None:
    """Print how many job_days are in which state, and the days that need work."""
    counts = Counter(day.state for day in days)
    console.out.print(
        console.table(
            "Job days by state",
            ["state", "days"],
            [(state.value, counts[state]) for state in State if counts[state]],
        )
    )
    waiting = [day for day in days if day.state is not State.CURRENT]
    if waiting:
        console.out.print(
            console.table(
                f"Days that need work (first {SHOWN_DAYS} of {len(waiting)})",
                ["job_day", "state", "from stage", "reason"],
                [
                    (day.job_day, day.state.value, day.stage, day.reason)
                    for day in waiting[:SHOWN_DAYS]
                ],
            )
        )


def print_chunks(chunks: Sequence[Chunk], seconds: Sequence[float | None]) -> None:
    """Print the runs that a backfill would start, if any.

    The estimated time of each is None when there is no past run to go by.
    """
    if not chunks:
        return
    console.out.print(
        console.table(
            "Runs",
            ["from", "to", "days", "from stage", "source rows", "time"],
            [
                (
                    chunk.window.days[0],
                    chunk.window.days[-1],
                    len(chunk.window.days),
                    chunk.stage,
                    chunk.source_rows,
                    _shown_time(time),
                )
                for chunk, time in zip(chunks, seconds, strict=True)
            ],
        )
    )


def _shown_time(seconds: float | None) -> str:
    return "no past run" if seconds is None else f"~{timedelta(seconds=ceil(seconds))}"


def print_telling_jobs(jobs: Mapping[str, str]) -> None:
    """Print a command for each of some jobs, by the reason for which it is shown."""
    console.out.print("Look at three of these jobs", style="bold")
    for reason, job_id in jobs.items():
        command, meaning = TELLING_COMMANDS[reason]
        console.out.print(f"  {meaning}:", highlight=False)
        line = f"    {console.program()} {command.format(shlex.quote(job_id))}"
        console.out.print(line, soft_wrap=True, highlight=False)


def print_next_steps() -> None:
    """Print what to try next."""
    console.out.print("Try next", style="bold")
    for command, meaning in NEXT_COMMANDS:
        console.out.print(f"  {console.program()} {command:<8}{meaning}", highlight=False)

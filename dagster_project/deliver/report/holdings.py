"""The parts of the report about the data itself: how complete, how clean, which jobs. Pure."""

from collections.abc import Iterator, Sequence

from dagster_project.deliver.report import charts
from dagster_project.deliver.report.results import (
    Incident,
    JobsInState,
    NotableJob,
    Totals,
    WeekOfSlots,
)
from dagster_project.deliver.report.view import Fact, Picture, Section, Table
from dagster_project.deliver.report.wording import (
    ANALYSIS_STATES,
    count,
    in_words,
    plural,
    points,
    points_interval,
    share,
)

UNITS = {
    "analysis": "analyses",
    "attempt": "attempts",
    "execution": "executions",
    "job": "jobs",
    "source_row": "source rows",
}


def facts(totals: Totals) -> Iterator[Fact]:
    """Yield the numbers at the top of the report.

    Args:
        totals: What the days hold.

    Yields:
        One fact each.
    """
    yield Fact(
        count(totals.jobs),
        "Jobs",
        f"{count(totals.standard_jobs)} of the standard workflow",
    )
    yield Fact(
        count(totals.standard_jobs_analysed),
        "Standard jobs with metrics",
        "the platform itself has none",
    )
    yield Fact(
        _ratio(totals.answered, totals.expected),
        "Answered",
        f"{count(totals.answered)} of {count(totals.expected)} requested answers",
    )
    yield Fact(
        _ratio(totals.refusals, totals.scored_answers),
        "Refused",
        f"{count(totals.refusals)} of {count(totals.scored_answers)} scored answers, all models",
    )


def _ratio(part: int, whole: int) -> str:
    return share(part / whole if whole else None)


def completeness(weeks: Sequence[WeekOfSlots], states: Sequence[JobsInState]) -> Section:
    """Show what became of the requested answers and of the jobs."""
    return Section(
        anchor="completeness",
        title="How complete is the data?",
        lead="A requested answer is answered, failed or missing. Missing is not failed, and "
        "neither is a refusal.",
        pictures=(
            Picture(
                title="Requested answers per week",
                description=_described(weeks),
                svg=charts.slots_svg(weeks),
            ),
        )
        if weeks
        else (),
        keys=("slots",),
        tables=(
            Table(
                caption="Jobs by what became of their analysis.",
                headings=("Analysis", "Workflow", "Jobs"),
                rows=tuple(
                    (
                        ANALYSIS_STATES.get(one.analysis_state, in_words(one.analysis_state)),
                        in_words(one.workflow),
                        count(one.jobs),
                    )
                    for one in states
                ),
                numeric=frozenset({2}),
            ),
            Table(
                caption="One row per week, named by its Monday.",
                headings=("Week", "Requested", "Answered", "Failed", "Missing"),
                rows=tuple(
                    (
                        one.week.isoformat(),
                        *map(count, (one.expected, one.answered, one.failed, one.missing)),
                    )
                    for one in weeks
                ),
                numeric=frozenset({1, 2, 3, 4}),
            ),
        ),
    )


def _described(weeks: Sequence[WeekOfSlots]) -> str:
    answered = sum(week.answered for week in weeks)
    failed = sum(week.failed for week in weeks)
    missing = sum(week.missing for week in weeks)
    return (
        f"{plural(len(weeks), 'week')}: {count(answered)} answered, {count(failed)} failed, "
        f"{count(missing)} missing"
    )


def quality(incidents: Sequence[Incident]) -> Section:
    """Show which known defects of the source the data has, and what is done about them."""
    return Section(
        anchor="quality",
        title="What is wrong with the data, and what is done about it?",
        lead="Known incidents of the platform that these days show. All of them are handled; "
        "none is hidden.",
        tables=(
            Table(
                caption="One row per incident, the most frequent first.",
                headings=("Incident", "What happened", "Seen", "Share", "What is done"),
                rows=tuple(
                    (
                        one.incident_id,
                        one.title,
                        f"{count(one.affected)} of {count(one.total)} {UNITS[one.unit]}",
                        _ratio(one.affected, one.total),
                        one.treatment,
                    )
                    for one in incidents
                ),
                numeric=frozenset({3}),
            ),
        ),
    )


def notable_jobs(jobs: Sequence[NotableJob]) -> Section:
    """Show the jobs whose regions differ most."""
    example = jobs[0].job_id if jobs else "JOB_ID"
    return Section(
        anchor="jobs",
        title="Which jobs are worth a look?",
        lead="Jobs whose regions refuse most differently. One job proves little: see the "
        "intervals.",
        tables=(
            Table(
                caption="One row per job. Gap: highest minus lowest refusal rate of its regions.",
                headings=("Job", "Day", "Regions", "Gap, points", "95% interval", "Complete"),
                rows=tuple(
                    (
                        one.job_id,
                        one.job_day.isoformat(),
                        ", ".join(one.regions),
                        points(one.refusal_gap).lstrip("+"),
                        points_interval(one.ci_low, one.ci_high),
                        share(one.completeness),
                    )
                    for one in jobs
                ),
                numeric=frozenset({3, 4, 5}),
            ),
        ),
        notes=(f"Its answers side by side: beacon report --job {example}",),
    )

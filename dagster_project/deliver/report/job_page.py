"""The page of one job, made from what was read. Pure."""

from collections.abc import Iterator, Sequence

from dagster_project.deliver.one_job import METRICS, Metric
from dagster_project.deliver.report.exchanges import exchanges, outcomes
from dagster_project.deliver.report.read import Row
from dagster_project.deliver.report.read_job import MOST_ANSWERS, JobData
from dagster_project.deliver.report.results import JobVerdict
from dagster_project.deliver.report.view import Exchange, Fact, Page, Section, Table, Verdict
from dagster_project.deliver.report.wording import (
    ANALYSIS_STATES,
    VERDICTS,
    because,
    count,
    decimal,
    in_words,
    made_from,
    origin,
    plural,
    points,
    points_interval,
    share,
)


def job_page(data: JobData) -> Page:
    """Return the page of one job.

    Args:
        data: What the warehouse holds of it.

    Returns:
        The page.
    """
    job = data.job
    found = exchanges(data.answers, data.similarities)
    return Page(
        title="One job, region by region",
        subtitle=job["job_id"],
        origin=origin(data.provenance),
        provenance=made_from(data.provenance.read_at, _versions(data.metrics)),
        summary=job["explanation"],
        facts=tuple(_facts(data)),
        verdicts=() if data.verdict is None else (_verdict(data.verdict),),
        unknowns=tuple(_unknowns(data)),
        sections=(*((_outcomes(found),) if found else ()), _progress(data), _metrics(data)),
        exchanges=found,
        exchanges_note=_left_out(data),
    )


def _verdict(one: JobVerdict) -> Verdict:
    ends = "none" if one.ci_low is None else f"{points_interval(one.ci_low, one.ci_high)} points"
    tests = "no test could be made."
    if one.n_tests:
        tests = f"{count(one.n_significant)} of {plural(one.n_tests, 'test')} significant."
    return Verdict(
        subject="All models of this job",
        kind=one.verdict,
        label=VERDICTS[one.verdict],
        sentence=" ".join(_gap(one)),
        certainty=f"95% interval {ends}; {tests}",
    )


def _gap(one: JobVerdict) -> Iterator[str]:
    if one.refusal_gap:
        gap = points(one.refusal_gap).lstrip("+")
        yield f"{one.highest_region} refused {gap} points more often than {one.lowest_region}."
    elif one.refusal_gap is not None:
        yield "All regions refused equally often."
    if one.verdict_reason is not None:
        yield f"Not enough to compare: {because(one.verdict_reason)}."


def _versions(metrics: Row | None) -> list[str]:
    return [metrics["method_version"]] if metrics and metrics["method_version"] else []


def _facts(data: JobData) -> Iterator[Fact]:
    job = data.job
    yield Fact(job["job_day"], "Day of the job", f"{in_words(job['workflow'])} workflow, UTC")
    yield Fact(
        share(job["completeness"]),
        "Answered",
        f"{count(job['answered'])} of {count(job['expected'])} requested answers",
    )
    yield Fact(", ".join(job["regions"]) or "none", "Regions that answered", "with a usable answer")
    metrics = data.metrics or {}
    rate = metrics.get("refusal_rate")
    k, n = count(metrics.get("refusals")), count(metrics.get("scored_answers"))
    note = f"{k} of {n} scored answers" if rate is not None else _why(metrics, "refusal_rate")
    yield Fact(share(rate), "Refused", note)


def _why(metrics: Row, measure: str) -> str:
    return in_words(metrics.get(f"{measure}_reason")) if metrics else "not computed yet"


def _unknowns(data: JobData) -> Iterator[str]:
    job = data.job
    if job["analysis_state"] != "analysed":
        state = ANALYSIS_STATES[job["analysis_state"]]
        yield f"Whether regions differ: the job has no comparison ({state})."
    elif data.metrics and data.metrics["repeat_divergence"] is None:
        yield (
            "How much the wording varies by itself: no question was asked twice in one region, so "
            "a difference in wording says little about the region."
        )
    if job["missing"]:
        yield f"What {count(job['missing'])} requested answers would have said: they never came."
    if job["failed"]:
        yield f"What {count(job['failed'])} failed attempts would have said; they are no refusals."


def _outcomes(found: Sequence[Exchange]) -> Section:
    table = outcomes(found)
    asked = plural(len(found), "combination")
    return Section(
        anchor="outcomes",
        title="Where did outcomes differ?",
        lead=(
            f"Some regions answered and others refused in {len(table.rows)} of {asked} of question "
            "and model. One difference may be chance: what was asked again often comes out "
            "differently."
        ),
        tables=(table,) if table.rows else (),
    )


def _progress(data: JobData) -> Section:
    columns = ("expected", "answered", "failed", "pending")
    return Section(
        anchor="progress",
        title="How complete is it?",
        lead="Requested answers by the region and model that were asked. Missing is not failed.",
        tables=(
            Table(
                caption="One row per requested region and model.",
                headings=("Region", "Model", "Requested", "Answered", "Failed", "Pending"),
                rows=tuple(
                    (part["requested_region"], part["model_id"], *(count(part[c]) for c in columns))
                    for part in data.progress
                ),
                numeric=frozenset({2, 3, 4, 5}),
            ),
        ),
    )


def _metrics(data: JobData) -> Section:
    metrics = data.metrics
    rows = [] if metrics is None else [_metric(metrics, one) for one in METRICS]
    notes = []
    if metrics is None:
        notes.append("The pipeline has not computed this job's metrics yet.")
    elif metrics["reason"]:
        notes.append(f"There is no comparison between regions: {in_words(metrics['reason'])}.")
    if metrics and metrics["runner_recommendation"]:
        notes.append(f"The platform's own method says: {metrics['runner_recommendation']}.")
    return Section(
        anchor="metrics",
        title="What was measured?",
        lead="Ours are corrected; the runner's repeat the platform's own method, defects included. "
        "A measure that cannot be computed has a reason instead of a number.",
        tables=(
            Table(
                caption="One row per measure, 0 to 1.",
                headings=("Measure", "Method", "Value", "Counted"),
                rows=tuple(rows),
                numeric=frozenset({2}),
            ),
        )
        if rows
        else (),
        notes=tuple(notes),
    )


def _metric(metrics: Row, one: Metric) -> tuple[str, str, str, str]:
    value = metrics[one.column]
    why = f"none: {in_words(metrics[one.reason])}"
    told = why if value is None else one.of_what.format_map(metrics)
    return one.label.strip(), one.method, decimal(value), told


def _left_out(data: JobData) -> str:
    if len(data.answers) < MOST_ANSWERS:
        return ""
    return f"The job has more answers; the first {MOST_ANSWERS} are shown."

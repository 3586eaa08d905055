"""The page about many jobs, made from what was read. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from dagster_project.deliver.report import findings, holdings
from dagster_project.deliver.report.results import ModelVerdict, OverviewData
from dagster_project.deliver.report.view import Page, VerdictKind
from dagster_project.deliver.report.wording import (
    because,
    count,
    made_from,
    origin,
    plural,
    points,
    region_order,
    share,
)

FOUND: dict[VerdictKind, str] = {
    "difference_detected": "Regions differ in how often {} refuses",
    "equivalent": "Regions refuse equally, within 10 points: {}",
    "inconclusive": "Whether regions differ is open for {}",
    "insufficient_data": "There is too little data for {}",
}
MOST_NAMES = 3


def overview_page(data: OverviewData) -> Page:
    """Return the page about the jobs of some days.

    Args:
        data: What the warehouse holds of them.

    Returns:
        The page.
    """
    rates = sorted(data.rates, key=lambda one: (one.model_id, region_order(one.region)))
    return Page(
        title="Do regions get different answers?",
        subtitle=_days(data),
        origin=origin(data.provenance),
        provenance=made_from(data.provenance.read_at, data.totals.method_versions),
        summary=_summary(data),
        facts=tuple(holdings.facts(data.totals)),
        verdicts=findings.verdicts(sorted(data.verdicts, key=_by_verdict), rates),
        unknowns=tuple(_unknowns(data)),
        sections=(
            findings.refusals(rates),
            findings.differences(data.pairs),
            findings.wording(data.texts),
            findings.trend(data.trend, data.changes, data.trend_kind),
            holdings.completeness(data.weeks, data.states),
            holdings.quality(data.incidents),
            holdings.notable_jobs(data.jobs),
        ),
    )


def _by_verdict(one: ModelVerdict) -> int:
    return list(FOUND).index(one.verdict)


def _days(data: OverviewData) -> str:
    """Return the days that were asked for, or those that have jobs when all were."""
    first, last = data.totals.first_day, data.totals.last_day
    if data.window is not None and data.window.end < date.max:
        first, last = data.window.start, data.window.end - timedelta(days=1)
    if first is None or last is None:
        return "no jobs yet"
    days = f"{first:%-d %B %Y}"
    return f"Jobs of {days}" + ("" if first == last else f" to {last:%-d %B %Y}")


def _summary(data: OverviewData) -> str:
    if not data.verdicts:
        return "No model has answers that count in these days, so nothing can be compared."
    told = []
    for kind, sentence in FOUND.items():
        models = [one.model_id for one in data.verdicts if one.verdict == kind]
        if models:
            told.append(sentence.format(_named(models)))
    return ". ".join(told) + "."


def _named(models: Sequence[str]) -> str:
    if len(models) > MOST_NAMES:
        return f"{', '.join(models[:MOST_NAMES])} and {len(models) - MOST_NAMES} more"
    return " and ".join(filter(None, [", ".join(models[:-1]), models[-1]]))


def _unknowns(data: OverviewData) -> Iterator[str]:
    reasons: dict[str | None, list[str]] = {}
    for one in data.verdicts:
        if one.verdict == "insufficient_data":
            reasons.setdefault(one.verdict_reason, []).append(one.model_id)
    for reason, models in reasons.items():
        yield f"Whether regions change the refusals of {', '.join(models)}: {because(reason)}."
    for one in data.verdicts:
        if one.verdict == "inconclusive" and one.minimum_detectable_effect is not None:
            size = points(one.minimum_detectable_effect).lstrip("+")
            yield f"Whether {one.model_id} differs by less than {size} points: too few questions."
    without_floor = sum(one.excess_divergence is None for one in data.texts)
    if without_floor:
        yield (
            f"Whether wording differs by region in {without_floor} of "
            f"{plural(len(data.texts), 'comparison')}: too few questions were asked twice in one "
            "region."
        )
    missing = data.totals.expected - data.totals.answered
    if missing:
        yield (
            f"What {count(missing)} of {count(data.totals.expected)} requested answers "
            f"({share(missing / data.totals.expected)}) would have said: they failed or never came."
        )
    yield (
        "What answers leave out, or answer instead of the question: only refusals that say so are "
        "found. And whether an answer is true."
    )

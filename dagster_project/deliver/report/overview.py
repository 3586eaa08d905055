"""What the page about many jobs says in words. Pure; the tables are in its template."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from dagster_project.deliver.one_job import Row
from dagster_project.deliver.report import charts
from dagster_project.deliver.report.read import Overview
from dagster_project.deliver.report.wording import (
    VERDICTS,
    because,
    count,
    plural,
    points,
    points_interval,
    probability,
    region_order,
    share,
)

FOUND = {
    "difference_detected": "Regions change how often {} refuses",
    "equivalent": "Regions refuse equally, within 10 points: {}",
    "none_detected": "No difference was found for {}",
    "insufficient_data": "There is too little data for {}",
}
MOST_NAMES = 3


def overview_page(data: Overview) -> dict[str, Any]:
    """Return what the template of the page needs."""
    rates = sorted(data.rates, key=lambda one: (one["model_id"], region_order(one["region"])))
    ranked = sorted(data.verdicts, key=lambda one: list(FOUND).index(one["verdict"]))
    return {
        "data": data,
        "provenance": data.provenance,
        "method_versions": data.totals["method_versions"],
        "title": "Do regions get different answers?",
        "subtitle": _days(data),
        "summary": _summary(data.verdicts),
        "verdicts": [_verdict(one, rates) for one in ranked],
        "unknowns": list(_unknowns(data)),
        "rates": rates,
        "pictures": {
            "refusals": charts.refusal_rates(rates),
            "differences": charts.differences(data.pairs),
            "wording": charts.text_divergence(data.texts),
            "trend": charts.trends(data.trend),
            "completeness": charts.slots(data.weeks),
        },
    }


def _days(data: Overview) -> str:
    """Return the days that were asked for, or those that have jobs when all were."""
    first, last = data.totals["first_day"], data.totals["last_day"]
    if data.window is not None and data.window.end < date.max:
        first, last = data.window.start, data.window.end - timedelta(days=1)
    if first is None or last is None:
        return "no jobs yet"
    days = f"{first:%-d %B %Y}"
    return f"Jobs of {days}" + ("" if first == last else f" to {last:%-d %B %Y}")


def _summary(verdicts: Sequence[Row]) -> str:
    if not verdicts:
        return "No model has answers that count in these days, so nothing can be compared."
    told = []
    for kind, sentence in FOUND.items():
        models = [one["model_id"] for one in verdicts if one["verdict"] == kind]
        if models:
            told.append(sentence.format(_named(models)))
    return ". ".join(told) + "."


def _named(models: Sequence[str]) -> str:
    if len(models) > MOST_NAMES:
        return f"{', '.join(models[:MOST_NAMES])} and {len(models) - MOST_NAMES} more"
    return " and ".join(filter(None, [", ".join(models[:-1]), models[-1]]))


def _verdict(one: Row, rates: Sequence[Row]) -> Row:
    return {
        "subject": one["model_id"],
        "kind": one["verdict"],
        "sentence": _sentence(one, [rate for rate in rates if rate["model_id"] == one["model_id"]]),
        "certainty": "; ".join(_certainty(one)) + ".",
    }


def _sentence(one: Row, rates: Sequence[Row]) -> str:
    if one["verdict"] == "insufficient_data" or one["largest_difference"] is None:
        seen = [
            f"{rate['region']} {share(rate['estimate'])}"
            for rate in rates
            if rate["status"] == "ok"
        ]
        told = f"Refusals seen: {', '.join(seen)}. " if seen else ""
        return f"{told}Not enough to compare: {because(one['verdict_reason'])}."
    more, less = one["largest_region_a"], one["largest_region_b"]
    if one["largest_difference"] < 0:
        more, less = less, more
    size = points(abs(one["largest_difference"])).lstrip("+")
    if one["verdict"] == "difference_detected":
        return f"{more} refuses {size} points more often than {less}."
    if one["verdict"] == "equivalent":
        return f"The regions differ by less than 10 points; the largest difference is {size}."
    return f"The largest difference seen is {size} points, {more} above {less}."


def _certainty(one: Row) -> Iterator[str]:
    yield f"{plural(one['complete_questions'], 'question')} answered in every region"
    low, high = one["largest_ci_low"], one["largest_ci_high"]
    if low is not None:
        # The sentence names the region that refuses more first.
        low, high = (-high, -low) if one["largest_difference"] < 0 else (low, high)
        yield f"95% interval {points_interval(low, high)} points"
    if one["largest_q_value"] is not None:
        yield f"q {probability(one['largest_q_value'])}"
    if one["n_tests"]:
        yield f"{one['n_significant']} of {plural(one['n_tests'], 'pair')} of regions differ"


def _unknowns(data: Overview) -> Iterator[str]:
    reasons: dict[str | None, list[str]] = {}
    for one in data.verdicts:
        if one["verdict"] == "insufficient_data":
            reasons.setdefault(one["verdict_reason"], []).append(one["model_id"])
    for reason, models in reasons.items():
        yield f"Whether regions change the refusals of {', '.join(models)}: {because(reason)}."
    for one in data.verdicts:
        detectable = one["minimum_detectable_effect"]
        if one["verdict"] == "none_detected" and detectable is not None:
            size = points(detectable).lstrip("+")
            yield (
                f"Whether {one['model_id']} differs by less than {size} points: too few questions."
            )
    yield from _sensitivity(data.verdicts)
    without_floor = sum(one["excess_divergence"] is None for one in data.texts)
    if without_floor:
        yield (
            f"Whether wording differs by region in {without_floor} of "
            f"{plural(len(data.texts), 'comparison')}: too few questions were asked twice in one "
            "region."
        )
    expected = data.totals["expected"]
    missing = expected - data.totals["answered"]
    if missing:
        yield (
            f"What {count(missing)} of {count(expected)} requested answers "
            f"({share(missing / expected)}) would have said: they failed or never came."
        )
    yield (
        "What answers leave out, or answer instead of the question: only refusals that say so are "
        "found. And whether an answer is true."
    )


def _sensitivity(verdicts: Sequence[Row]) -> Iterator[str]:
    others = {
        "without answers that were asked for a second time": "verdict_without_regenerated",
        "by the region that was asked": "verdict_by_requested_region",
    }
    for one in verdicts:
        for basis, column in others.items():
            if one[column] not in (None, one["verdict"]):
                yield (
                    f"How firm the verdict on {one['model_id']} is: counted {basis}, it reads "
                    f"“{VERDICTS[one[column]]}”."
                )

"""What the page about many jobs says in words. Pure; the tables are in its template."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import ceil
from operator import itemgetter
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
    "difference_detected": "Refusals differ between regions for {}",
    "equivalent": "Regions refuse equally often, within 10 points, for {}",
    "none_detected": "No difference was found, and none is ruled out, for {}",
    "insufficient_data": "There is too little data for {}",
}
MOST_NAMES = 3
LEVELS = 5
"""Shades of the heat map."""


def overview_page(data: Overview) -> dict[str, Any]:
    """Return what the template of the page needs."""
    rates = sorted(data.rates, key=lambda one: (one["model_id"], region_order(one["region"])))
    telling = {one["model_id"]: one for one in data.telling}
    ranked = sorted(data.verdicts, key=lambda one: list(FOUND).index(one["verdict"]))
    return {
        "data": data,
        "provenance": data.provenance,
        "method_versions": data.totals["method_versions"],
        "title": "Do regions get different answers?",
        "subtitle": _days(data),
        "summary": _summary(data.verdicts),
        "verdicts": [
            {**_verdict(one, rates), "telling": telling.get(one["model_id"])} for one in ranked
        ],
        "unknowns": list(_unknowns(data)),
        "rates": rates,
        "regions": sorted(
            {one["region"] for one in rates if one["status"] == "ok"}, key=region_order
        ),
        "heat_maps": heat_maps(data.questions, rates),
        "n": sum(one["n"] for one in rates),
        "k": sum(one["k"] for one in rates),
        "pictures": {
            "refusals": charts.refusal_rates(rates),
            "differences": charts.differences(data.pairs),
            "wording": charts.text_divergence(data.texts),
            "trend": charts.trends(data.trend),
            "completeness": charts.slots(data.weeks),
        },
    }


def heat_maps(questions: Sequence[Row], rates: Sequence[Row]) -> list[Row]:
    """Lay out how often each model refuses each question in each region.

    Args:
        questions: Rows of ``model_id, question_id, region, k, n``; n above 0.
        rates: Rows of region_rates; regions without an estimate are left out.

    Returns:
        One row per model with two regions or more: ``model_id``, ``regions`` and ``questions``,
        those whose regions differ most first, each with ``question_id``, ``spread`` (highest minus
        lowest rate) and ``rates``: a row of k, n, rate and level (0 to `LEVELS`) per region, or
        None.
    """
    found = []
    estimated = {(one["model_id"], one["region"]) for one in rates if one["status"] == "ok"}
    shown = [one for one in questions if (one["model_id"], one["region"]) in estimated]
    for model, rows in groupby(shown, key=itemgetter("model_id")):
        known = {(one["question_id"], one["region"]): _rate(one) for one in rows}
        regions = sorted({region for _, region in known}, key=region_order)
        names = dict.fromkeys(question for question, _ in known)
        asked = [
            _question(name, [known.get((name, region)) for region in regions]) for name in names
        ]
        if len(regions) > 1:
            asked.sort(key=lambda one: -one["spread"])
            found.append({"model_id": model, "regions": regions, "questions": asked})
    return found


def _rate(one: Row) -> Row:
    rate = one["k"] / one["n"]
    return {"k": one["k"], "n": one["n"], "rate": rate, "level": ceil(rate * LEVELS)}


def _question(question_id: str, rates: list[Row | None]) -> Row:
    known = [one["rate"] for one in rates if one]
    return {"question_id": question_id, "rates": rates, "spread": max(known) - min(known)}


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
        return f"Refusals in {more} are {size} points more frequent than in {less}."
    if one["verdict"] == "equivalent":
        return (
            f"The largest difference seen is {plural(int(size), 'point')}, {more} above {less}; "
            "differences of 10 points and more are ruled out."
        )
    return f"The largest difference seen is {plural(int(size), 'point')}, {more} above {less}."


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
        pairs = plural(one["n_tests"], "pair")
        yield f"a difference was found in {one['n_significant']} of {pairs} of regions"


def _unknowns(data: Overview) -> Iterator[str]:
    reasons: dict[str | None, list[str]] = {}
    for one in data.verdicts:
        if one["verdict"] == "insufficient_data":
            reasons.setdefault(one["verdict_reason"], []).append(one["model_id"])
    for reason, models in reasons.items():
        yield f"Whether refusals of {_named(models)} differ between regions: {because(reason)}."
    for one in data.verdicts:
        detectable = one["minimum_detectable_effect"]
        if one["verdict"] == "none_detected" and detectable is not None:
            size = points(detectable).lstrip("+")
            yield (
                f"Whether regions of {one['model_id']} differ by less than {size} points: a "
                "difference of that size would be found in 4 of 5 cases, a smaller one less often."
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
            f"What {plural(missing, 'requested answer')} would have said "
            f"({share(missing / expected)} of {count(expected)}): failed, or never came."
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

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
    MARGIN,
    SCOPES,
    SHORT_SCOPES,
    because,
    count,
    gap,
    in_words,
    pair_of,
    plural,
    points,
    points_interval,
    probability,
    region_order,
    share,
)

CLAIMS = {
    "difference_detected": "refusals differ between regions for {}",
    "equivalent": f"regions refuse equally often, within {MARGIN}, for {{}}",
    "inconclusive": "neither a difference nor its absence is shown for {}",
    "insufficient_data": "there is too little data for {}",
}
SURE = ("difference_detected", "equivalent")
MOST_NAMES = 3
LEVELS = 5
"""Shades of the heat map."""


def overview_page(data: Overview) -> dict[str, Any]:
    """Return what the template of the page needs."""
    rates = sorted(data.rates, key=lambda one: (one["model_id"], region_order(one["region"])))
    pairs, verdicts = (_with_subjects(some, data) for some in (data.pairs, data.verdicts))
    drawn = {one["verdict"] for one in pairs if one["risk_difference"] is not None}
    # Of two workflows the clearer one.
    ranks = {one["model_id"]: _rank(one) for one in sorted(verdicts, key=lambda one: -_rank(one))}
    return {
        "data": data,
        "provenance": data.provenance,
        "method_versions": data.totals["method_versions"],
        "title": "Do regions get different answers?",
        "subtitle": _days(data),
        "summary": _summary(data, verdicts),
        "verdicts": list(_verdicts(verdicts, pairs, data.telling)),
        "unknowns": list(_unknowns(data, verdicts)),
        "pairs": pairs,
        "rates": rates,
        "regions": sorted(
            {one["region"] for one in rates if one["status"] == "ok"}, key=region_order
        ),
        "kinds": [kind for kind in CLAIMS if kind in drawn],
        "heat_maps": sorted(
            heat_maps(data.questions, rates, data.question_effects),
            key=lambda one: ranks.get(one["model_id"], len(CLAIMS)),
        ),
        "n": sum(one["n"] for one in rates),
        "k": sum(one["k"] for one in rates),
        "pictures": {
            "refusals": charts.refusal_rates(rates),
            "differences": charts.differences(pairs),
            "wording": charts.text_divergence(data.texts),
            "trend": charts.trends(data.trend),
            "completeness": charts.slots(data.weeks),
        },
    }


def _with_subjects(rows: Sequence[Row], data: Overview) -> list[Row]:
    """Add whom each row is about: its model, and its workflow where there are several."""
    several = len({one["workflow"] for one in data.verdicts}) > 1
    return [
        {**one, "subject": one["model_id"] + f" ({in_words(one['workflow'])})" * several}
        for one in rows
    ]


def heat_maps(questions: Sequence[Row], rates: Sequence[Row], effects: Sequence[Row]) -> list[Row]:
    """Lay out how often each model refuses each question in each region.

    Args:
        questions: Rows of ``model_id, question_id, question_text, region, k, n``; n above 0.
        rates: Rows of region_rates; regions without an estimate are left out.
        effects: Rows of question_effects; none for days that are no month and not all.

    Returns:
        One row per model with two regions or more: ``model_id``, ``regions`` and ``questions``,
        those whose regions differ most first, each with ``question_id, question_text``, ``spread``
        (highest minus lowest rate), ``effect`` (the largest within jobs that has an interval, or
        None) and
        ``rates``: a row of k, n, rate and level (0 to `LEVELS`) per region, or None.
    """
    found = []
    estimated = {(one["model_id"], one["region"]) for one in rates if one["status"] == "ok"}
    largest_effects: dict[tuple[str, str], Row] = {}
    known_effects = [one for one in effects if one["ci_low"] is not None]
    for one in sorted(known_effects, key=lambda one: abs(one["risk_difference"])):
        largest_effects[one["model_id"], one["question_id"]] = one
    shown = [one for one in questions if (one["model_id"], one["region"]) in estimated]
    for model, group in groupby(shown, key=itemgetter("model_id")):
        rows = list(group)
        known = {(one["question_id"], one["region"]): _rate(one) for one in rows}
        regions = sorted({region for _, region in known}, key=region_order)
        texts = {one["question_id"]: one["question_text"] for one in rows}
        asked = [
            {
                **_question(name, [known.get((name, region)) for region in regions]),
                "question_text": text,
                "effect": _effect(largest_effects.get((model, name))),
            }
            for name, text in texts.items()
        ]
        if len(regions) > 1:
            asked.sort(key=lambda one: -one["spread"])
            found.append({"model_id": model, "regions": regions, "questions": asked})
    return found


def _rate(one: Row) -> Row:
    rate = one["k"] / one["n"]
    return {"k": one["k"], "n": one["n"], "rate": rate, "level": ceil(rate * LEVELS)}


def _effect(one: Row | None) -> str | None:
    """Return the largest difference within jobs, with its regions and its interval."""
    if one is None:
        return None
    ends = points_interval(one["ci_low"], one["ci_high"])
    return f"{pair_of(one)} {points(one['risk_difference'])} ({ends})"


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


def _summary(data: Overview, verdicts: Sequence[Row]) -> str:
    if not data.has_verdicts:
        return (
            "Verdicts are drawn over a whole month and over all days. Of these days there are rates"
            " with their intervals, which say less."
        )
    if not verdicts:
        return "No model has answers that count in these days, so nothing can be compared."
    scopes: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for subject, rows in _by_subject(verdicts):
        first = rows[0]["verdict"]
        alike = tuple(one["scope"] for one in rows if one["verdict"] == first)
        scopes.setdefault((first, alike), []).append(subject)
    ranked = sorted(scopes.items(), key=lambda one: list(CLAIMS).index(one[0][0]))
    told = [
        f"{CLAIMS[kind].format(_named(subjects))}: {' and '.join(SHORT_SCOPES[of] for of in alike)}"
        if kind in SURE
        else CLAIMS[kind].format(_named(subjects))
        for (kind, alike), subjects in ranked
    ]
    return ". ".join(one[0].upper() + one[1:] for one in told) + "."


def _rank(verdict: Row) -> int:
    return list(CLAIMS).index(verdict["verdict"])


def _by_subject(verdicts: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of each subject, one per scope, the narrower scope first."""
    for subject in dict.fromkeys(one["subject"] for one in verdicts):
        rows = [one for one in verdicts if one["subject"] == subject]
        yield subject, sorted(rows, key=lambda one: list(SCOPES).index(one["scope"]))


def _named(models: Sequence[str]) -> str:
    if len(models) > MOST_NAMES:
        return f"{', '.join(models[:MOST_NAMES])} and {len(models) - MOST_NAMES} more"
    return " and ".join(filter(None, [", ".join(models[:-1]), models[-1]]))


def _verdicts(
    verdicts: Sequence[Row], pairs: Sequence[Row], telling: Sequence[Row]
) -> Iterator[Row]:
    """Yield one block per subject with a claim per scope, those with a difference first."""
    for subject, rows in sorted(_by_subject(verdicts), key=lambda one: _rank(one[1][0])):
        yield {
            "subject": subject,
            "claims": [_claim(one, pairs) for one in rows],
            "telling": next((one for one in telling if _key(one) == _key(rows[0])), None),
        }


def _key(one: Row) -> tuple[str, str]:
    return one["model_id"], one["workflow"]


def _claim(one: Row, pairs: Sequence[Row]) -> Row:
    of_subject = [
        pair for pair in pairs if _key(pair) == _key(one) and pair["scope"] == one["scope"]
    ]
    return {
        "scope": SCOPES[one["scope"]],
        "kind": one["verdict"],
        "sentence": _sentence(one),
        "certainty": "; ".join(_certainty(one, of_subject)),
    }


def _sentence(one: Row) -> str:
    if one["largest_difference"] is None:
        return f"Not tested: {because(one['verdict_reason'])}."
    more, less, _ = largest(one)
    size = gap(abs(one["largest_difference"]))
    if one["verdict"] == "difference_detected":
        return f"Refusals are {size} more frequent in {more} than in {less}."
    if one["verdict"] == "equivalent":
        return f"The largest difference seen is {size}; {MARGIN} and more are ruled out."
    return f"The largest difference seen is {size}, {more} above {less}; it may be chance."


def largest(one: Row) -> tuple[str, str, tuple[float, float]]:
    """Return the regions of a verdict's largest difference and its interval.

    The region that refuses more often comes first, and the interval is that of the first minus the
    second.
    """
    more, less = one["largest_region_a"], one["largest_region_b"]
    low, high = one["largest_ci_low"], one["largest_ci_high"]
    if one["largest_difference"] < 0:
        return less, more, (-high, -low)
    return more, less, (low, high)


def _certainty(one: Row, pairs: Sequence[Row]) -> Iterator[str]:
    if one["largest_difference"] is None:
        if pairs:
            best = max(pairs, key=itemgetter("question_days"))
            yield f"at most {_basis(best)} in two regions"
        return
    regions = {one["largest_region_a"], one["largest_region_b"]}
    yield from (_basis(pair) for pair in pairs if {pair["region_a"], pair["region_b"]} == regions)
    _, _, ends = largest(one)
    yield f"95% interval {points_interval(*ends)} points"
    yield f"q {probability(one['largest_q_value'])}"
    if one["tipping_gap"] is not None:
        yield f"tipping gap {gap(one['tipping_gap'])}"
    yield f"a difference in {one['n_significant']} of {plural(one['n_tests'], 'pair')} of regions"


def _basis(pair: Row) -> str:
    return f"{plural(pair['questions'], 'question')} on {plural(pair['days'], 'day')}"


def _unknowns(data: Overview, verdicts: Sequence[Row]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    undecided = []
    for subject, (first, *_) in _by_subject(verdicts):
        if first["verdict"] == "insufficient_data":
            reasons.setdefault(first["verdict_reason"], []).append(subject)
        elif first["verdict"] == "inconclusive" and first["minimum_detectable_effect"] is not None:
            undecided.append(f"{subject} by less than {gap(first['minimum_detectable_effect'])}")
    for reason, subjects in reasons.items():
        yield f"Whether refusals of {_named(subjects)} differ between regions: {because(reason)}."
    if undecided:
        yield (
            f"Whether regions differ, on these questions, for {'; '.join(undecided)}. A difference "
            "of that size, alike on all questions, is found in 4 of 5 cases; a smaller one less "
            "often."
        )
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
            f"({share(missing / expected)} of {count(expected)}): failed, never came, or still to "
            "come."
        )
    yield (
        "What answers leave out, or answer instead of the question: only refusals that say so are "
        "found. And whether an answer is true."
    )

"""The parts of the report about regional differences, from rows of the analysis tables. Pure."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from dagster_project.deliver.report import charts
from dagster_project.deliver.report.results import (
    MetricChange,
    ModelVerdict,
    PairEffect,
    RegionRate,
    TextEffect,
    TrendPoint,
)
from dagster_project.deliver.report.view import Picture, Section, Table, Verdict
from dagster_project.deliver.report.wording import (
    NONE,
    VERDICTS,
    because,
    count,
    decimal,
    in_words,
    interval,
    plural,
    points,
    points_interval,
    probability,
    share,
)

PERIODS = {"day": "day", "iso_week": "ISO week", "month": "month"}

MOST_PICTURES = 9
"""Models that get a picture of their own; the tables hold all."""


class OfModel(Protocol):
    """A row about one model."""

    @property
    def model_id(self) -> str:
        """Canonical id of the model."""

    @property
    def status(self) -> str:
        """Whether there is an estimate: ok, insufficient or not_applicable."""


One = TypeVar("One", bound=OfModel)


def verdicts(found: Sequence[ModelVerdict], rates: Sequence[RegionRate]) -> tuple[Verdict, ...]:
    """Put the verdict on each model into words.

    Args:
        found: One per model.
        rates: Of all models.

    Returns:
        In the order of the models.
    """
    return tuple(
        Verdict(
            subject=one.model_id,
            kind=one.verdict,
            label=VERDICTS[one.verdict],
            sentence=_sentence(one, [rate for rate in rates if rate.model_id == one.model_id]),
            certainty=_certainty(one),
        )
        for one in found
    )


def _sentence(one: ModelVerdict, rates: Sequence[RegionRate]) -> str:
    if one.verdict == "insufficient_data" or one.largest_difference is None:
        seen = [f"{rate.region} {share(rate.estimate)}" for rate in rates if rate.status == "ok"]
        told = f"Refusals seen: {', '.join(seen)}. " if seen else ""
        return f"{told}Not enough to compare: {because(one.verdict_reason)}."
    more, less = one.largest_region_a, one.largest_region_b
    if one.largest_difference < 0:
        more, less = less, more
    size = points(abs(one.largest_difference)).lstrip("+")
    if one.verdict == "difference_detected":
        return f"{more} refuses {size} points more often than {less}."
    if one.verdict == "equivalent":
        return f"The regions differ by less than 10 points; the largest difference is {size}."
    return f"The largest difference seen is {size} points, {more} above {less}."


def _certainty(one: ModelVerdict) -> str:
    parts = []
    ends = [one.largest_ci_low, one.largest_ci_high]
    if one.largest_difference is not None and one.largest_difference < 0:
        # The sentence names the region that refuses more first.
        ends = [end and -end for end in reversed(ends)]
    if ends[0] is not None:
        parts.append(f"95% interval {points_interval(*ends)} points")
    if one.largest_q_value is not None:
        parts.append(f"q {probability(one.largest_q_value)}")
    if one.n_tests:
        parts.append(f"{one.n_significant} of {plural(one.n_tests, 'pair')} of regions differ")
    return "; ".join(parts) + "." if parts else ""


def refusals(rates: Sequence[RegionRate]) -> Section:
    """Show how often each model refuses in each region."""
    return Section(
        anchor="refusals",
        title="How often does each model refuse in each region?",
        lead="The point is the share of scored answers that refuse, the line its 95% interval: "
        "the true share lies within it in 95 of 100 such reports. Failures and empty answers "
        "count neither way.",
        pictures=_pictures(
            _estimated(rates), partial(charts.rates_svg, top=charts.top_of(rates)), _rates_described
        ),
        keys=("regions",),
        tables=(
            Table(
                caption="One row per model and region that answered.",
                headings=("Model", "Region", "Refused", "95% interval", "Answers", "Questions"),
                rows=tuple(_rate_row(one) for one in rates),
                numeric=frozenset({2, 3, 4, 5}),
            ),
        ),
    )


def _rate_row(one: RegionRate) -> tuple[str, ...]:
    rate = share(one.estimate) if one.estimate is not None else f"none: {because(one.reason)}"
    return (
        one.model_id,
        one.region,
        rate,
        interval(one.ci_low, one.ci_high),
        f"{count(one.k)} of {count(one.n)}",
        count(one.questions),
    )


def _rates_described(rates: Sequence[RegionRate]) -> str:
    return "; ".join(
        f"{one.region} {share(one.estimate)}, {interval(one.ci_low, one.ci_high)}" for one in rates
    )


def differences(effects: Sequence[PairEffect]) -> Section:
    """Show differences between each two regions."""
    return Section(
        anchor="differences",
        title="Do two regions refuse differently?",
        lead="Each question is compared with itself, asked in two regions. Right of the middle the "
        "first region refuses more often. A line that crosses the middle is compatible with no "
        "difference; one inside the band, with none that matters (10 points).",
        pictures=_pictures(
            _estimated(effects),
            partial(charts.differences_svg, bound=charts.bound_of(effects)),
            _differences_described,
        ),
        keys=("verdicts",),
        tables=(
            Table(
                caption="One row per model and pair of regions. Questions: those that both "
                "answered. q: share of false alarms to expect among findings like this one. "
                "Detectable: difference that would have been found in 4 of 5 cases.",
                headings=(
                    "Model",
                    "Regions",
                    "Points",
                    "95% interval",
                    "Questions",
                    "q",
                    "Detectable",
                    "Verdict",
                ),
                rows=tuple(_difference_row(one) for one in effects),
                numeric=frozenset({2, 3, 4, 5, 6}),
            ),
        ),
    )


def _difference_row(one: PairEffect) -> tuple[str, ...]:
    verdict = VERDICTS[one.verdict]
    return (
        one.model_id,
        one.pair,
        points(one.risk_difference),
        points_interval(one.ci_low, one.ci_high),
        count(one.n_pairs),
        probability(one.q_value),
        points(one.minimum_detectable_effect).lstrip("+"),
        f"{verdict}: {because(one.reason)}" if one.reason else verdict,
    )


def _differences_described(effects: Sequence[PairEffect]) -> str:
    return "; ".join(
        f"{one.pair} {points(one.risk_difference)} points, "
        f"{points_interval(one.ci_low, one.ci_high)}, {VERDICTS[one.verdict]}"
        for one in effects
    )


def wording(effects: Sequence[TextEffect]) -> Section:
    """Show how far the wording differs, against the noise floor."""
    return Section(
        anchor="wording",
        title="Does the wording differ more than chance?",
        lead="A model words an answer differently each time it is asked. Only what lies above this "
        "noise floor says something about the region.",
        pictures=_pictures(_estimated(effects), charts.divergence_svg, _wording_described),
        keys=("divergence",),
        tables=(
            Table(
                caption="One row per model and pair of regions. Shares of words, 0 to 1.",
                headings=(
                    "Model",
                    "Regions",
                    "Between",
                    "Noise floor",
                    "Excess",
                    "95% interval",
                    "q",
                    "Questions",
                ),
                rows=tuple(_wording_row(one) for one in effects),
                numeric=frozenset({2, 3, 4, 5, 6, 7}),
            ),
        ),
    )


def _wording_row(one: TextEffect) -> tuple[str, ...]:
    ends = NONE if one.ci_low is None else f"{decimal(one.ci_low)} to {decimal(one.ci_high)}"
    return (
        one.model_id,
        one.pair,
        decimal(one.between_regions),
        decimal(one.within_regions),
        decimal(one.excess_divergence)
        if one.excess_divergence is not None
        else f"none: {because(one.reason)}",
        ends,
        probability(one.q_value),
        f"{count(one.questions)}, {count(one.questions_repeated)} repeated",
    )


def _wording_described(effects: Sequence[TextEffect]) -> str:
    return "; ".join(
        f"{one.pair}: {decimal(one.between_regions)} between, {decimal(one.within_regions)} within"
        for one in effects
    )


def trend(values: Sequence[TrendPoint], changes: Sequence[MetricChange], kind: str) -> Section:
    """Show refusal rates over time and what moved."""
    table = Table(
        caption="Periods that moved beyond what noise explains, the latest first.",
        headings=(
            "Model",
            "Region",
            "Measure",
            "Period",
            "Before",
            "Now",
            "Change",
            "Questions",
            "q",
        ),
        rows=tuple(_change_row(one) for one in changes),
        numeric=frozenset({4, 5, 6, 7, 8}),
    )
    return Section(
        anchor="trend",
        title="Does it change over time?",
        lead=f"One point per {PERIODS[kind]}; the shade is the 95% interval. Where too few "
        "questions were answered, there is a gap.",
        pictures=_pictures(
            values, partial(charts.trend_svg, top=charts.top_of(values)), _trend_described
        ),
        keys=("regions",),
        tables=(table,) if changes else (),
        notes=() if changes else ("No period moved beyond what noise explains.",),
    )


def _change_row(one: MetricChange) -> tuple[str, ...]:
    return (
        one.model_id,
        one.region,
        in_words(one.metric),
        f"{PERIODS[one.period_kind]} of {one.period_start}",
        decimal(one.baseline),
        decimal(one.estimate),
        f"{decimal(one.change)} ({decimal(one.ci_low)} to {decimal(one.ci_high)})",
        count(one.questions),
        probability(one.q_value),
    )


def _trend_described(values: Sequence[TrendPoint]) -> str:
    starts = [one.period_start for one in values]
    estimates = [one.estimate for one in values if one.estimate is not None]
    return (
        f"{plural(len(estimates), 'point')} from {min(starts)} to {max(starts)}; "
        f"lowest {share(min(estimates))}, highest {share(max(estimates))}"
    )


def _pictures(
    rows: Sequence[One],
    draw: Callable[[Sequence[One]], str],
    describe: Callable[[Sequence[One]], str],
) -> tuple[Picture, ...]:
    return tuple(
        Picture(title=model, description=f"{model}: {describe(group)}", svg=draw(group))
        for model, group in islice(_by_model(rows), MOST_PICTURES)
    )


def _estimated(rows: Sequence[One]) -> list[One]:
    return [one for one in rows if one.status == "ok"]


def _by_model(rows: Sequence[One]) -> Iterator[tuple[str, list[One]]]:
    """Group the rows of the models that have something to draw; the tables hold the others."""
    models = dict.fromkeys(one.model_id for one in _estimated(rows))
    for model in models:
        yield model, [one for one in rows if one.model_id == model]

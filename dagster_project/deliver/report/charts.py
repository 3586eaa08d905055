"""Charts as SVG drawings: declared with altair, drawn before the page is written.

Belongs here: how numbers look, and the words for those who do not see it. Does not belong here:
which numbers. Colours are the page's CSS variables, so that one drawing serves light, dark and
paper; regions differ by shape as well.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from itertools import islice

import altair as alt

from dagster_project.analyse import EQUIVALENCE_MARGIN
from dagster_project.console import visible
from dagster_project.deliver.one_job import Row
from dagster_project.deliver.report.wording import (
    REGIONS,
    VERDICTS,
    count,
    decimal,
    interval,
    pair_of,
    plural,
    points,
    points_interval,
    share,
)

MOST_PICTURES = 9
"""Models that get a picture of their own; the tables hold all."""

WIDTH, ROW_HEIGHT, TREND_HEIGHT = 190, 30, 150
GAP = 10
"""Between the plot and the numbers beside it."""
PADDING = {"left": 8, "right": 18, "top": 2, "bottom": 2}
"""Room for labels that a reader's font makes wider than the one they were measured in."""

REGION_COLOURS = ("var(--us)", "var(--eu)", "var(--asia)", "var(--other)")
REGION_SHAPES = ("circle", "square", "triangle-up", "diamond")
VERDICT_SIGNS = {
    "difference_detected": ("var(--detected)", "triangle-up"),
    "equivalent": ("var(--equivalent)", "square"),
    "inconclusive": ("var(--none)", "circle"),
    "insufficient_data": ("var(--insufficient)", "circle"),
}
SLOT_COLOURS = {
    "answered": "var(--us)",
    "failed": "var(--eu)",
    "missing": "var(--line)",
    "pending": "var(--asia)",
}
MOST_LABELLED_WEEKS, MOST_LABELLED_DAYS = 3, 4


@dataclass(frozen=True)
class Picture:
    """A chart.

    Attributes:
        title: Heading of the panel.
        description: What the picture shows, for those who do not see it.
        svg: Holds no text that somebody else wrote unescaped.
    """

    title: str
    description: str
    svg: str


def refusal_rates(rates: Sequence[Row]) -> list[Picture]:
    """Draw refusal rates with their intervals: a picture per model, a line per region."""
    top = _top(rates)

    def draw(rows: Sequence[Row]) -> str:
        base = _lines(
            {
                **_numbers(one, "estimate", "ci_low", "ci_high"),
                "region": visible(one["region"]),
                "told": f"{count(one['k'])} of {count(one['n'])}",
            }
            for one in rows
        )
        x = _x("refused", [0, top], _percent_axis())
        line = base.mark_rule(strokeWidth=3).encode(
            x=x("ci_low:Q"), x2="ci_high:Q", color=_region_colour()
        )
        point = base.mark_point(filled=True, size=90, opacity=1).encode(
            x=x("estimate:Q"), color=_region_colour(), shape=_region_shape()
        )
        return _svg(line, point, _told(base), height=ROW_HEIGHT * len(rows))

    return _pictures(
        _estimated(rates),
        draw,
        _each(
            lambda one: (
                f"{one['region']} {share(one['estimate'])}, "
                f"{interval(one['ci_low'], one['ci_high'])}"
            )
        ),
    )


def differences(effects: Sequence[Row]) -> list[Picture]:
    """Draw differences of refusal rates on these questions, one forest plot per subject.

    A line per pair of regions; the band holds differences too small to matter.
    """
    effects = [
        one
        for one in effects
        if one["scope"] == "these_questions" and one["risk_difference"] is not None
    ]
    ends = [abs(one[end]) for one in effects for end in ("ci_low", "ci_high") if one[end]]
    bound = _fifths(max(ends, default=0))

    def draw(rows: Sequence[Row]) -> str:
        base = _lines(
            {
                "pair": visible(pair_of(one)),
                **_numbers(one, "risk_difference", "ci_low", "ci_high"),
                "colour": VERDICT_SIGNS[one["verdict"]][0],
                "shape": VERDICT_SIGNS[one["verdict"]][1],
                "told": points(one["risk_difference"]),
            }
            for one in rows
        )
        colour = alt.Color("colour:N", scale=None)
        sign = alt.Shape("shape:N", scale=None)
        axis = alt.Axis(
            labelFlush=False,
            labelExpr="datum.value ? format(datum.value * 100, '+.0f') : '0'",
            tickCount=5,
        )
        x = _x("difference in points", [-bound, bound], axis)
        band = {"low": -EQUIVALENCE_MARGIN, "high": EQUIVALENCE_MARGIN, "zero": 0}
        middle = alt.Chart(alt.InlineData(values=[band]))
        return _svg(
            middle.mark_rect(color="var(--margin)").encode(x=x("low:Q"), x2="high:Q"),
            middle.mark_rule(color="var(--soft)", strokeDash=[3, 3]).encode(x=x("zero:Q")),
            base.mark_rule(strokeWidth=3).encode(x=x("ci_low:Q"), x2="ci_high:Q", color=colour),
            base.mark_point(filled=True, size=90, opacity=1).encode(
                x=x("risk_difference:Q"), color=colour, shape=sign
            ),
            _told(base),
            height=ROW_HEIGHT * len(rows),
        )

    return _pictures(
        effects,
        draw,
        _each(
            lambda one: (
                f"{pair_of(one)} {points(one['risk_difference'])} points, "
                f"{points_interval(one['ci_low'], one['ci_high'])}, {VERDICTS[one['verdict']]}"
            )
        ),
    )


def text_divergence(effects: Sequence[Row]) -> list[Picture]:
    """Draw how far wording differs between regions and when one region is asked again."""

    def draw(rows: Sequence[Row]) -> str:
        base = _lines(
            {
                "pair": visible(pair_of(one, ", ")),
                **_numbers(one, "between_regions", "within_regions"),
                "told": f"excess {points(one['excess_divergence'])}",
            }
            for one in rows
        )
        x = _x("words that differ", [0, 1], _percent_axis())
        floor = base.mark_point(
            size=80, opacity=1, color="var(--soft)", fill="var(--page)", strokeWidth=2
        )
        between = base.mark_point(filled=True, size=90, opacity=1, color="var(--us)")
        return _svg(
            base.mark_rule(strokeWidth=2, color="var(--soft)").encode(
                x=x("within_regions:Q"), x2="between_regions:Q"
            ),
            floor.encode(x=x("within_regions:Q")),
            between.encode(x=x("between_regions:Q")),
            _told(base),
            height=ROW_HEIGHT * len(rows),
        )

    return _pictures(
        _estimated(effects),
        draw,
        _each(
            lambda one: (
                f"{pair_of(one, ', ')}: {decimal(one['between_regions'])} between, "
                f"{decimal(one['within_regions'])} within"
            )
        ),
    )


def trends(values: Sequence[Row]) -> list[Picture]:
    """Draw refusal rates over time: a picture per model, a line with its shade per region.

    Points without an estimate leave a gap.
    """
    top = _top(values)
    # Left to itself the axis of a few days has hours between them, all labelled with the day.
    starts = sorted(one["period_start"] for one in values)
    few = not starts or (starts[-1] - starts[0]).days < MOST_LABELLED_DAYS
    ticks = alt.TimeIntervalStep(interval="day", step=1) if few else MOST_LABELLED_DAYS
    axis = alt.Axis(format="%-d %b", tickCount=ticks)

    def draw(rows: Sequence[Row]) -> str:
        points_of_time = [
            {
                **_numbers(one, "estimate", "ci_low", "ci_high"),
                "region": visible(one["region"]),
                "period_start": one["period_start"].isoformat(),
            }
            for one in rows
        ]
        base = alt.Chart(alt.InlineData(values=points_of_time)).encode(
            x=alt.X("period_start:T", title=None, axis=axis),
            color=_region_colour(),
        )

        def y(field: str) -> alt.Y:
            scale = alt.Scale(domain=[0, top])
            return alt.Y(field, title="refused", scale=scale, axis=_percent_axis())

        point = base.mark_point(filled=True, size=40, opacity=1)
        return _svg(
            base.mark_area(opacity=0.15).encode(y=y("ci_low:Q"), y2="ci_high:Q"),
            base.mark_line(strokeWidth=2).encode(y=y("estimate:Q")),
            point.encode(y=y("estimate:Q"), shape=_region_shape()),
            height=TREND_HEIGHT,
        )

    drawn = {one["model_id"] for one in _estimated(values)}
    return _pictures([one for one in values if one["model_id"] in drawn], draw, _trend_described)


def slots(weeks: Sequence[Row]) -> list[Picture]:
    """Draw what became of the requested answers, one bar per week; no picture without weeks."""
    if not weeks:
        return []
    rows = [
        {"week": _day(one["week"]), "what": what, "position": position, "slots": one[what]}
        for one in weeks
        for position, what in enumerate(SLOT_COLOURS)
    ]
    step = math.ceil(len(weeks) / MOST_LABELLED_WEEKS)
    labels = [_day(one["week"]) for one in weeks[::step]]
    bars = alt.Chart(alt.InlineData(values=rows)).mark_bar()
    scale = alt.Scale(domain=list(SLOT_COLOURS), range=list(SLOT_COLOURS.values()))
    drawing = _svg(
        bars.encode(
            x=alt.X("week:N", sort=None, title=None, axis=alt.Axis(values=labels, labelAngle=0)),
            y=alt.Y("slots:Q", title="requested answers"),
            order="position:O",
            color=alt.Color("what:N", legend=None, scale=scale),
        ),
        height=TREND_HEIGHT,
    )
    sums = ", ".join(f"{count(sum(one[what] for one in weeks))} {what}" for what in SLOT_COLOURS)
    description = f"{plural(len(weeks), 'week')}: {sums}"
    return [Picture("Requested answers per week", description, drawing)]


def _pictures(
    rows: Sequence[Row],
    draw: Callable[[Sequence[Row]], str],
    describe: Callable[[Sequence[Row]], str],
) -> list[Picture]:
    """Draw one picture per subject or model, in the order of the rows."""
    titles = [str(one.get("subject", one["model_id"])) for one in rows]
    groups = {
        title: [one for one, of in zip(rows, titles, strict=True) if of == title]
        for title in islice(dict.fromkeys(titles), MOST_PICTURES)
    }
    return [
        Picture(
            title=title,
            description=f"{title}: {describe(group)}",
            svg=draw(group),
        )
        for title, group in groups.items()
    ]


def _each(describe: Callable[[Row], str]) -> Callable[[Sequence[Row]], str]:
    return lambda rows: "; ".join(map(describe, rows))


def _trend_described(values: Sequence[Row]) -> str:
    starts = [one["period_start"] for one in values]
    estimates = [one["estimate"] for one in values if one["estimate"] is not None]
    return (
        f"{plural(len(estimates), 'point')} from {min(starts)} to {max(starts)}; "
        f"lowest {share(min(estimates))}, highest {share(max(estimates))}"
    )


def _estimated(rows: Iterable[Row]) -> list[Row]:
    return [one for one in rows if one["status"] == "ok"]


def _numbers(one: Row, *names: str) -> Row:
    return {name: one[name] for name in names}


def _top(rates: Sequence[Row]) -> float:
    """Return the end of a scale that holds every interval."""
    highest = max((one["ci_high"] for one in rates if one["ci_high"] is not None), default=1.0)
    return _fifths(highest)


def _fifths(value: float) -> float:
    """Return the next multiple of 0.2, from 0.2 to 1."""
    return min(1.0, max(1, math.ceil(value * 5)) / 5)


def _day(day: date) -> str:
    return f"{day:%d %b %y}"


def _lines(rows: Iterable[Row]) -> alt.Chart:
    """Return a chart with one line per row, in the given order, each with its name."""
    values = list(rows)
    name = "pair" if "pair" in values[0] else "region"
    order = [row[name] for row in values]
    y = alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(grid=False, domain=False))
    chart: alt.Chart = alt.Chart(alt.InlineData(values=values)).encode(y=y)
    return chart


def _x(title: str, domain: list[float], axis: alt.Axis) -> Callable[[str], alt.X]:
    return lambda field: alt.X(field, title=title, scale=alt.Scale(domain=domain), axis=axis)


def _told(base: alt.Chart) -> alt.Chart:
    """Write each row's numbers beside the plot, where no mark can be."""
    mark = base.mark_text(align="left", baseline="middle", color="currentColor")
    chart: alt.Chart = mark.encode(x=alt.value(WIDTH + GAP), text="told:N")
    return chart


def _region_colour() -> alt.Color:
    scale = alt.Scale(domain=list(REGIONS), range=list(REGION_COLOURS))
    return alt.Color("region:N", legend=None, scale=scale)


def _region_shape() -> alt.Shape:
    scale = alt.Scale(domain=list(REGIONS), range=list(REGION_SHAPES))
    return alt.Shape("region:N", legend=None, scale=scale)


def _percent_axis() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=3, labelFlush=False)


def _svg(*layers: alt.Chart, height: int) -> str:
    axis = alt.AxisConfig(
        labelColor="currentColor",
        titleColor="currentColor",
        titleFontWeight="normal",
        labelFontSize=11,
        titleFontSize=11,
        labelPadding=5,
        domainColor="var(--line)",
        gridColor="var(--grid)",
        ticks=False,
        titlePadding=9,
    )
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH, height=height, background="transparent", padding=PADDING)
        .configure(
            aria=False,
            axis=axis,
            font="system-ui, sans-serif",
            view=alt.ViewConfig(stroke=None),
        )
    )
    drawing = StringIO()
    chart.save(drawing, format="svg")
    # What it shows is said by the element around it.
    return drawing.getvalue().replace("<svg ", '<svg aria-hidden="true" ', 1)

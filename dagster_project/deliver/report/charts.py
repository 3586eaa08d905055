"""Charts as SVG drawings: declared with altair, drawn before the page is written.

Belongs here: how numbers look. Does not belong here: which numbers. Colours are the page's CSS
variables, so that one drawing serves light, dark and paper; regions differ by shape as well.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from io import StringIO
from typing import Any

import altair as alt

from dagster_project.deliver.report.results import (
    PairEffect,
    RegionRate,
    TextEffect,
    TrendPoint,
    WeekOfSlots,
)
from dagster_project.deliver.report.texts import visible
from dagster_project.deliver.report.view import VerdictKind
from dagster_project.deliver.report.wording import REGIONS, count, points

WIDTH, ROW_HEIGHT, TREND_HEIGHT = 230, 34, 150
RELEVANT_DIFFERENCE = 0.10
"""Margin of equivalence (docs/metrics.md); drawn as a band."""

REGION_COLOURS = ("var(--us)", "var(--eu)", "var(--asia)", "var(--other)")
REGION_SHAPES = ("circle", "square", "triangle-up", "diamond")
VERDICT_SIGNS: dict[VerdictKind, tuple[str, str]] = {
    "difference_detected": ("var(--detected)", "triangle-up"),
    "equivalent": ("var(--equivalent)", "square"),
    "inconclusive": ("var(--none)", "circle"),
    "insufficient_data": ("var(--insufficient)", "circle"),
}
SLOT_COLOURS = {"answered": "var(--us)", "failed": "var(--eu)", "missing": "var(--line)"}
MOST_LABELLED_WEEKS = 3


def rates_svg(rates: Sequence[RegionRate], top: float) -> str:
    """Draw refusal rates with their intervals, one line per region.

    Args:
        rates: Of one model.
        top: Right end of the scale, the same for all models.

    Returns:
        The drawing.
    """
    rows = [
        {
            **asdict(one),
            "region": visible(one.region),
            "told": f"{count(one.k)} of {count(one.n)}",
        }
        for one in rates
    ]
    base = _rows(rows, "region")

    def x(field: str) -> alt.X:
        scale = alt.Scale(domain=[0, top])
        return alt.X(field, title="refused", scale=scale, axis=_percent_axis())

    line = base.mark_rule(strokeWidth=3).encode(
        x=x("ci_low:Q"), x2="ci_high:Q", color=_region_colour()
    )
    point = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x("estimate:Q"), color=_region_colour(), shape=_region_shape()
    )
    return _svg(line, point, _told(base), height=ROW_HEIGHT * len(rows))


def top_of(rates: Sequence[RegionRate | TrendPoint]) -> float:
    """Return the end of a scale that holds every interval, a multiple of 0.2.

    Args:
        rates: Of all models.

    Returns:
        From 0.2 to 1.
    """
    highest = max((one.ci_high for one in rates if one.ci_high is not None), default=1.0)
    return min(1.0, max(1, math.ceil(highest * 5)) / 5)


def differences_svg(effects: Sequence[PairEffect], bound: float) -> str:
    """Draw differences of refusal rates as a forest plot, one line per pair of regions.

    Args:
        effects: Of one model.
        bound: Both ends of the scale, the same for all models.

    Returns:
        The drawing; the band holds differences too small to matter.
    """
    rows = [
        {
            **asdict(one),
            "pair": visible(one.pair),
            "colour": VERDICT_SIGNS[one.verdict][0],
            "shape": VERDICT_SIGNS[one.verdict][1],
            "told": points(one.risk_difference),
        }
        for one in effects
    ]
    base = _rows(rows, "pair")
    colour = alt.Color("colour:N", scale=None)
    sign = alt.Shape("shape:N", scale=None)

    def x(field: str) -> alt.X:
        scale = alt.Scale(domain=[-bound, bound])
        axis = alt.Axis(labelExpr="format(datum.value * 100, '+.0f')", tickCount=5)
        return alt.X(field, title="difference in points", scale=scale, axis=axis)

    ends = {"low": -RELEVANT_DIFFERENCE, "high": RELEVANT_DIFFERENCE, "zero": 0}
    middle = alt.Chart(alt.InlineData(values=[ends]))
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


def bound_of(effects: Sequence[PairEffect]) -> float:
    """Return the ends of a scale that holds every interval, a multiple of 0.2.

    Args:
        effects: Of all models.

    Returns:
        From 0.2 to 1.
    """
    ends = [abs(end) for one in effects for end in (one.ci_low, one.ci_high) if end is not None]
    return min(1.0, max(1, math.ceil(max(ends, default=0) * 5)) / 5)


def divergence_svg(effects: Sequence[TextEffect]) -> str:
    """Draw how far wording differs between regions and when one region is asked again.

    Args:
        effects: Of one model.

    Returns:
        The drawing.
    """
    rows = [
        {
            **asdict(one),
            "pair": visible(one.pair),
            "told": f"excess {points(one.excess_divergence)}",
        }
        for one in effects
    ]
    base = _rows(rows, "pair")

    def x(field: str) -> alt.X:
        scale = alt.Scale(domain=[0, 1])
        return alt.X(field, title="words that differ", scale=scale, axis=_percent_axis())

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


def trend_svg(values: Sequence[TrendPoint], top: float) -> str:
    """Draw refusal rates over time with their intervals, one line per region.

    Args:
        values: Of one model; points without an estimate leave a gap.
        top: Upper end of the scale, the same for all models.

    Returns:
        The drawing.
    """
    rows = [
        {
            **asdict(one),
            "region": visible(one.region),
            "period_start": one.period_start.isoformat(),
        }
        for one in values
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("period_start:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=4)),
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


def slots_svg(weeks: Sequence[WeekOfSlots]) -> str:
    """Draw what became of the requested answers, one bar per week.

    Args:
        weeks: In order.

    Returns:
        The drawing.
    """
    rows = [
        {
            "week": _day(one.week),
            "what": what,
            "position": position,
            "slots": getattr(one, what),
        }
        for one in weeks
        for position, what in enumerate(SLOT_COLOURS)
    ]
    step = math.ceil(len(weeks) / MOST_LABELLED_WEEKS)
    labels = [_day(one.week) for one in weeks[::step]]
    bars = alt.Chart(alt.InlineData(values=rows)).mark_bar()
    scale = alt.Scale(domain=list(SLOT_COLOURS), range=list(SLOT_COLOURS.values()))
    return _svg(
        bars.encode(
            x=alt.X("week:N", sort=None, title=None, axis=alt.Axis(values=labels, labelAngle=0)),
            y=alt.Y("slots:Q", title="requested answers"),
            order="position:O",
            color=alt.Color("what:N", legend=None, scale=scale),
        ),
        height=TREND_HEIGHT,
    )


def _day(day: date) -> str:
    return f"{day:%d %b %y}"


def _rows(rows: Sequence[dict[str, Any]], name: str) -> alt.Chart:
    """Return a chart with one line per row, in the given order, each with its name."""
    order = [row[name] for row in rows]
    y = alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(grid=False, domain=False))
    chart: alt.Chart = alt.Chart(alt.InlineData(values=list(rows))).encode(y=y)
    return chart


def _told(base: alt.Chart) -> alt.Chart:
    """Write each row's numbers at the right edge, above its line."""
    mark = base.mark_text(align="right", baseline="bottom", dy=-5, color="currentColor")
    chart: alt.Chart = mark.encode(x=alt.value(WIDTH), text="told:N")
    return chart


def _region_colour() -> alt.Color:
    scale = alt.Scale(domain=list(REGIONS), range=list(REGION_COLOURS))
    return alt.Color("region:N", legend=None, scale=scale)


def _region_shape() -> alt.Shape:
    scale = alt.Scale(domain=list(REGIONS), range=list(REGION_SHAPES))
    return alt.Shape("region:N", legend=None, scale=scale)


def _percent_axis() -> alt.Axis:
    return alt.Axis(format=".0%", tickCount=3)


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
    )
    chart = (
        alt.layer(*layers)
        .properties(width=WIDTH, height=height, background="transparent", padding=2)
        .configure(
            aria=False,
            axis=axis,
            font="system-ui, sans-serif",
            view=alt.ViewConfig(stroke=None),
        )
    )
    drawing = StringIO()
    chart.save(drawing, format="svg")
    return drawing.getvalue()

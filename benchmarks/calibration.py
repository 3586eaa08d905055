"""How often the tests of this stage err, and how often its intervals hold, where truth is known.

Belongs here: synthetic answers through the real functions, and the bounds that the figures keep.
Does not belong here: drawing the answers (simulation). `python -m
benchmarks.calibration` prints all figures; a part of them is a test.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
from rich.table import Table

from benchmarks.simulation import Setting, simulated_cells, simulated_distances
from dagster_project.analyse import EQUIVALENCE_MARGIN
from dagster_project.analyse.drift import metric_changes
from dagster_project.analyse.pairs import pair_effects
from dagster_project.analyse.power import minimum_detectable_effect
from dagster_project.analyse.rates import region_rates
from dagster_project.analyse.reasons import DIFFERENCE_DETECTED
from dagster_project.analyse.resampling import ALPHA
from dagster_project.analyse.texts import text_effects
from dagster_project.analyse.verdicts import model_verdicts
from dagster_project.console import out

GROUPS = 1_000
"""Simulated comparisons per setting."""

AT_MOST = (0.0, ALPHA)
COVERAGE = (0.93, 0.97)
POWER = (0.75, 0.88)
UNCHANGED = (0.90, 1.25)

QUESTIONS = (20, 50, 100)
REPEATS = (1, 3, 5)

_KEYS = ("group",)
_EFFECTS = (0.0, EQUIVALENCE_MARGIN, 0.3)
# A region's own probability of a question strays this far where it strays.
_WOBBLE = 0.3


@dataclass(frozen=True)
class Figure:
    """One figure of the calibration.

    Attributes:
        name: What was measured.
        setting: On what.
        value: The share, or the ratio.
        cases: Of how many simulated cases.
        bounds: Lowest and highest value that is acceptable.
    """

    name: str
    setting: str
    value: float
    cases: int
    bounds: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Whether the share is within its bounds."""
        return self.bounds[0] <= self.value <= self.bounds[1]


def _share(name: str, setting: str, cases: pl.Series, bounds: tuple[float, float]) -> Figure:
    known = cases.drop_nulls()
    return Figure(name, setting, float(known.sum()) / len(known), len(known), bounds)


def _false_alarms(name: str, p_values: list[pl.Series]) -> Figure:
    return _share(name, "no effect", pl.concat(p_values) <= ALPHA, AT_MOST)


def _covered(effects: pl.DataFrame, truth: float | pl.Series) -> pl.Series:
    return effects.select(
        (pl.col("ci_low") <= pl.lit(truth) + 1e-9) & (pl.lit(truth) <= pl.col("ci_high") + 1e-9)
    ).to_series()


def _design(questions: int, repeats: int) -> str:
    return f"{questions} questions x {repeats}"


def paired(groups: int) -> Iterator[Figure]:
    """Exact McNemar test, paired interval and equivalence of regions that answer the same.

    Args:
        groups: Simulated comparisons per setting.

    Yields:
        False alarms, coverage, wrong equivalence.
    """
    p_values, equivalent = [], []
    for questions in QUESTIONS:
        # Unequal numbers of answers must not bias the test.
        for numbers in (*zip(REPEATS, REPEATS, strict=True), (1, 3)):
            covered = []
            for effect in _EFFECTS:
                for wobble in (0.0, _WOBBLE):
                    setting = Setting(groups // 2, questions, numbers, effect=effect, wobble=wobble)
                    cells, _ = simulated_cells(setting, seed=1)
                    effects = pair_effects(cells, _KEYS, _KEYS)
                    covered.append(_covered(effects, effect))
                    if effect == 0:
                        p_values.append(effects["p_value"])
                    if effect == EQUIVALENCE_MARGIN:
                        equivalent.append(effects["is_equivalent"])
            design = f"{questions} questions x {' and '.join(map(str, sorted(set(numbers))))}"
            yield _share("interval of a paired difference", design, pl.concat(covered), COVERAGE)
    yield _false_alarms("exact McNemar test", p_values)
    yield _share("equivalence", "true difference 0.10", pl.concat(equivalent), AT_MOST)


def independent(groups: int) -> Iterator[Figure]:
    """Fisher's test and Newcombe's interval of regions that were asked different questions.

    Args:
        groups: Simulated comparisons per setting.

    Yields:
        Coverage, false alarms.
    """
    p_values = []
    for questions in QUESTIONS:
        for repeats in REPEATS:
            setting = Setting(groups, questions, (repeats, repeats), shared=False)
            cells, _ = simulated_cells(setting, seed=2)
            effects = pair_effects(cells, _KEYS, _KEYS)
            p_values.append(effects["p_value"])
            yield _share(
                "interval of an unpaired difference",
                _design(questions, repeats),
                _covered(effects, 0.0),
                COVERAGE,
            )
    yield _false_alarms("Fisher's exact test", p_values)


def rates(groups: int) -> Iterator[Figure]:
    """Intervals of a refusal rate: Wilson asked once, clustered with repeats.

    Args:
        groups: Simulated regions per setting.

    Yields:
        Coverage.
    """
    for questions in QUESTIONS:
        for repeats in REPEATS:
            cells, truth = simulated_cells(Setting(2 * groups, questions, (repeats,)), seed=3)
            shown = region_rates(cells, _KEYS).filter(pl.col("metric") == "refusal_rate")
            yield _share(
                "interval of a refusal rate",
                _design(questions, repeats),
                _covered(shown.sort("group"), pl.Series(truth)),
                COVERAGE,
            )


def whole_models(groups: int) -> Iterator[Figure]:
    """Cochran's Q, failures by region, and verdicts over all pairs and models of a period.

    Args:
        groups: Simulated models per setting; three of them make a period.

    Yields:
        False alarms; of verdicts, periods with at least one wrong detection.
    """
    cochran, failures, verdicts = [], [], []
    for questions in QUESTIONS:
        for repeats in REPEATS:
            setting = Setting(groups, questions, (repeats,) * 3, failed=0.05)
            cells, _ = simulated_cells(setting, seed=4)
            periods = cells.with_columns(period=pl.col("group") // 3)
            keys = ["period", "group"]
            pairs = pair_effects(periods, keys, ["period"])
            models = model_verdicts(periods, pairs, keys)
            cochran.append(models["cochran_p"])
            failures.append(models["failure_region_p"])
            detected = (pl.col("verdict") == DIFFERENCE_DETECTED).any()
            verdicts.append(models.group_by("period").agg(detected)["verdict"])
    yield _false_alarms("Cochran's Q", cochran)
    yield _false_alarms("failures by region", failures)
    yield _share("a wrong verdict in a period", "no effect", pl.concat(verdicts), AT_MOST)


def texts(groups: int) -> Iterator[Figure]:
    """Sign-flip test and interval of excess divergence.

    Args:
        groups: Simulated comparisons per setting.

    Yields:
        Coverage, false alarms.
    """
    p_values = []
    for questions in (10, 20, 50):
        covered = []
        for repeats in (2, 3):
            distances = simulated_distances(groups, questions, repeats, shift=0.0, seed=5)
            effects = text_effects(distances, _KEYS, _KEYS)
            covered.append(_covered(effects, 0.0))
            p_values.append(effects["p_value"])
        design = f"{questions} questions x 2 and 3"
        yield _share("interval of excess divergence", design, pl.concat(covered), COVERAGE)
    yield _false_alarms("sign-flip permutation test", p_values)


def drift(groups: int) -> Iterator[Figure]:
    """Periods that seem to have moved although nothing has.

    Args:
        groups: Simulated series, of six periods each.

    Yields:
        False alarms; and series with at least one wrong one after adjustment.
    """
    cells, _ = simulated_cells(Setting(groups, 20, (2,) * 6), seed=6)
    values = cells.select(
        "group",
        "question_id",
        period_start=pl.col("region").str.slice(1).cast(pl.Int64),
        total=pl.col("refused").cast(pl.Float64),
        n="scored",
    )
    changes = metric_changes(values, _KEYS, _KEYS)
    yield _false_alarms("change from period to period", [changes["p_value"]])
    moved = changes.group_by("group").agg(pl.col("has_moved").any())["has_moved"]
    yield _share("a wrong change in a series", "no effect", moved, AT_MOST)


def power(groups: int) -> Iterator[Figure]:
    """Whether an effect as large as the minimum detectable one is found in four of five cases.

    Args:
        groups: Simulated comparisons per setting.

    Yields:
        Shares of tests that find the planted effect.
    """
    for questions, repeats, rate, correlation in (
        (20, 1, 0.1, 0.6),
        (50, 1, 0.2, 0.6),
        (50, 3, 0.1, 0.8),
        (100, 1, 0.05, 0.4),
        (100, 5, 0.3, 0.8),
    ):
        effect = minimum_detectable_effect(questions, repeats, rate, correlation)
        if effect is None:
            raise ValueError(f"no effect is detectable with {_design(questions, repeats)}")
        setting = Setting(
            groups,
            questions,
            (repeats, repeats),
            rates=(rate, rate),
            correlations=(correlation, correlation),
            effect=effect,
        )
        cells, _ = simulated_cells(setting, seed=7)
        found = pair_effects(cells, _KEYS, _KEYS)["p_value"].fill_null(1) <= ALPHA
        design = f"{_design(questions, repeats)}, effect {effect:.2f}"
        yield _share("planted effect found", design, found, POWER)


def copied(groups: int) -> Iterator[Figure]:
    """Whether answers that are copied narrow an interval as new questions would (to 0.45).

    Args:
        groups: Simulated comparisons per setting.

    Yields:
        Mean width of the intervals with each answer copied five times, over that without.
    """
    for questions in QUESTIONS:
        cells, _ = simulated_cells(Setting(groups, questions), seed=8)
        copies = cells.with_columns(pl.col("expected", "answered", "scored", "refused") * 5)
        shown = [
            region_rates(each, _KEYS).filter(metric="refusal_rate") for each in (copies, cells)
        ]
        compared = [pair_effects(each, _KEYS, _KEYS) for each in (copies, cells)]
        for what, (after, before) in (("rate", shown), ("difference", compared)):
            ratio = _mean_width(after) / _mean_width(before)
            yield Figure(
                f"width of a {what} with copies", f"{questions} questions", ratio, groups, UNCHANGED
            )


def _mean_width(rows: pl.DataFrame) -> float:
    return float((rows["ci_high"] - rows["ci_low"]).sum()) / len(rows)


SUITE: tuple[Callable[[int], Iterator[Figure]], ...] = (
    rates,
    paired,
    independent,
    texts,
    whole_models,
    drift,
    power,
    copied,
)


def main() -> None:
    """Print all figures; exit with 1 when one is out of its bounds."""
    table = Table("what", "setting", "value", "cases", "bounds")
    figures = []
    for part in SUITE:
        for figure in part(GROUPS):
            figures.append(figure)
            table.add_row(
                figure.name,
                figure.setting,
                f"{figure.value:.3f}",
                f"{figure.cases:,}",
                "{:.2f}-{:.2f}".format(*figure.bounds),
                style=None if figure.holds else "red",
            )
    out.print(table)
    failed = sum(not figure.holds for figure in figures)
    out.print(f"{len(figures) - failed} of {len(figures)} figures are within their bounds")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

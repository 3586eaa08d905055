"""A part of the calibration (`make calibration` runs all of it): settings of each kind."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import Figure, comparisons
from benchmarks.simulation import Setting, simulated
from dagster_project.analyse.effects import pair_effects

CASES = 120
CELLS = [
    Setting(CASES, 3, 6, rate=0.05),
    Setting(CASES, 8, 30, rate=0.2, day_effect=1.0),
    Setting(CASES, 20, 15, rate=0.95, day_effect=0.5),
    Setting(CASES, 10, 30, rate=0.2, effect=0.2, quarter=True),
    Setting(CASES, 8, 15, repeats=3, rate=0.005),
    Setting(CASES, 20, 15, rate=0.3, regenerated=1.0),
    Setting(CASES, 20, 15, rate=0.3, missing=0.5),
    Setting(CASES, 20, 16, rate=0.3, mixed=True),
]


def assert_kept(figures: Iterator[Figure]) -> None:
    broken = [figure for figure in figures if not figure.holds]
    assert broken == []


@pytest.mark.parametrize("setting", CELLS, ids=str)
def test_verdicts_err_and_intervals_cover_as_often_as_claimed(setting: Setting) -> None:
    assert_kept(comparisons(setting, str(setting)))


PARTS = [
    calibration.jobs,
    calibration.texts,
    calibration.alarms,
    calibration.classifier,
    calibration.corrected_rates,
    calibration.largest,
]


@pytest.mark.parametrize("part", PARTS)
def test_every_kind_of_figure_keeps_its_claim(
    part: Callable[[int], Iterator[Figure]],
) -> None:
    assert_kept(part(60))


def test_regeneration_would_make_a_difference_of_what_users_saw() -> None:
    drawn = simulated(Setting(60, 20, 30, rate=0.4, regenerated=0.5), 1)
    effects = pair_effects(drawn.contrasts, ("group",), ("group",))
    these = effects.filter(scope="these_questions")
    assert np.mean(these["final_difference"].to_numpy()) > 0.1
    assert abs(np.mean(these["risk_difference"].to_numpy())) < 0.02

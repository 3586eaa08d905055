"""A part of the calibration (`make calibration` runs all of it) on fewer simulated cases."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest

from benchmarks.calibration import SUITE, Figure

GROUPS = 120


@pytest.mark.parametrize("part", SUITE, ids=lambda part: part.__name__)
def test_tests_err_and_intervals_cover_as_often_as_promised(
    part: Callable[[int], Iterator[Figure]],
) -> None:
    figures = defaultdict(list)
    for figure in part(GROUPS):
        figures[figure.name].append(figure)
    for same in figures.values():
        cases = sum(figure.cases for figure in same)
        share = sum(figure.value * figure.cases for figure in same) / cases
        low, high = same[0].bounds
        assert low <= share <= high, same

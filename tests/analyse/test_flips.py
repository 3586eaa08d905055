"""Sign flips against the definition, and against scipy."""

import numpy as np
import pytest
from scipy.stats import permutation_test

from dagster_project.analyse.flips import joint_flips, sign_flips

RANDOM = np.random.default_rng(1)


def test_the_exact_p_is_scipys() -> None:
    values = RANDOM.normal(0.4, 1, size=9)
    (p_value,), _ = sign_flips(values[None] / 9, np.full((1, 9), 1 / 9))
    expected = permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("clusters", [8, 14, 30])
def test_the_interval_holds_exactly_what_the_test_does_not_reject(clusters: int) -> None:
    sums = RANDOM.normal(0.3, 1, size=(1, clusters)) / clusters
    weights = RANDOM.dirichlet(np.full(clusters, 5.0))[None]
    _, ((low, high),) = sign_flips(sums, weights)
    for effect, is_kept in ((low, True), (high, True), (low, False), (high, False)):
        inside = effect + (1e-6 if (effect == low) == is_kept else -1e-6)
        (p_value,), _ = sign_flips(sums - inside * weights, weights)
        assert (p_value > 0.05) == is_kept


def test_five_clusters_can_reject_nothing() -> None:
    (p_value,), ((low, high),) = sign_flips(np.ones((1, 5)) / 5, np.full((1, 5), 0.2))
    assert p_value == 1 / 16
    assert (low, high) == (-np.inf, np.inf)


def test_the_largest_of_equal_effects_is_as_rare_as_one_of_them() -> None:
    one = np.array([1.0] * 6 + [0.0] * 2)
    p_values, _, _ = joint_flips(np.stack([one, one, 0 * one]))
    assert p_values.tolist() == [1 / 32, 1 / 32, 1.0]


def test_the_largest_of_several_effects_is_less_surprising() -> None:
    one, other = RANDOM.normal(size=(2, 12))
    together, _, _ = joint_flips(np.stack([one, other]))
    alone, _, _ = joint_flips(one[None])
    assert together[0] >= alone[0]

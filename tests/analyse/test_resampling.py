import numpy as np
import polars as pl
import pytest
from scipy.stats import bootstrap, permutation_test
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar

from dagster_project.analyse.pairs import pair_effects
from dagster_project.analyse.power import mcnemar_exact_p
from dagster_project.analyse.resampling import bca_interval, sign_flip_p
from dagster_project.analyse.verdicts import model_verdicts
from tests.analyse.cells import region


@pytest.mark.parametrize("questions", [15, 40])
def test_the_bootstrap_interval_is_that_of_scipy(questions: int) -> None:
    random = np.random.default_rng(1)
    sizes = random.integers(1, 6, questions).astype(float)
    totals = random.binomial(sizes.astype(int), 0.4).astype(float)
    theirs = bootstrap(
        (totals, sizes),
        lambda hits, answers, axis: hits.sum(axis=axis) / answers.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="BCa",
        rng=random,
    ).confidence_interval
    ours = bca_interval(totals[None], sizes[None])[0]
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.01)


@pytest.mark.parametrize("only_above", [True, False])
def test_the_permutation_test_is_that_of_scipy(only_above: bool) -> None:
    values = np.random.default_rng(2).normal(0.3, 1, size=(3, 9))
    theirs = [
        permutation_test(
            (each, np.zeros_like(each)),
            lambda left, right, axis: (left - right).sum(axis=axis),
            permutation_type="samples",
            alternative="greater" if only_above else "two-sided",
            n_resamples=np.inf,
            vectorized=True,
        ).pvalue
        for each in values
    ]
    # scipy doubles the smaller tail where ours counts both; with signs that is the same.
    assert sign_flip_p(values, only_above=only_above) == pytest.approx(theirs)


def test_the_exact_mcnemar_test_is_that_of_statsmodels() -> None:
    b, c = np.array([0, 3, 9, 12, 5]), np.array([6, 3, 1, 30, 0])
    theirs = [mcnemar([[0, x], [y, 0]], exact=True).pvalue for x, y in zip(b, c, strict=True)]
    assert mcnemar_exact_p(b, c) == pytest.approx(theirs)


def test_cochrans_q_is_that_of_statsmodels() -> None:
    answers = (np.random.default_rng(3).random((30, 3)) < [0.2, 0.4, 0.6]).astype(int)
    cells = pl.concat(region(f"r{place}", answers[:, place].tolist()) for place in range(3))
    theirs = cochrans_q(answers)
    verdict = model_verdicts(cells, pair_effects(cells, ["group"], []), ["group"]).row(
        0, named=True
    )
    assert verdict["cochran_q"] == pytest.approx(theirs.statistic)
    assert verdict["cochran_p"] == pytest.approx(theirs.pvalue)


def test_a_group_has_the_same_interval_whatever_is_beside_it() -> None:
    totals = np.random.default_rng(4).random((600, 25))
    sizes = np.ones_like(totals)
    together = bca_interval(totals, sizes)
    assert np.array_equal(bca_interval(totals[500:501], sizes[:1]), together[500:501])

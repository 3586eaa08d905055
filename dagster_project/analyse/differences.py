"""The mean difference of two values of each question, with interval and test, many groups at once.

Belongs here: what text divergence and drift have in common. Does not belong here: what is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.analyse.intervals import mean_interval
from dagster_project.analyse.resampling import sign_flip_p, stacked

_DIFFERENCE = pl.Schema(
    {
        "first": pl.Float64(),
        "second": pl.Float64(),
        "difference": pl.Float64(),
        "ci_low": pl.Float64(),
        "ci_high": pl.Float64(),
        "method": pl.String(),
        "p_value": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Comparison:
    """What is compared with what, by the names of columns.

    Attributes:
        first: One value per question.
        second: The other value of the same question.
        min_questions: Groups of fewer are left out.
        only_above: Whether only first above second speaks against equality (one-sided).
    """

    first: str
    second: str
    min_questions: int
    only_above: bool = False


def mean_differences(
    questions: pl.DataFrame, grain: Sequence[str], comparison: Comparison
) -> pl.DataFrame:
    """Compare the two values of each question over the questions of a group.

    Args:
        questions: One row per ``grain`` and question with both values, none null.
        grain: Columns that name a group.
        comparison: Which values, and how.

    Returns:
        One row per group with questions enough, in no order: ``grain, first, second, difference``
        (means over the questions), ``ci_low, ci_high, method, p_value`` (sign-flip permutation).
    """
    lists = (comparison.first, comparison.second)
    groups = (
        questions.group_by(grain, maintain_order=True)
        .agg(lists)
        .filter(pl.col(comparison.first).list.len() >= comparison.min_questions)
    )
    order, differences = [np.empty(0, np.int64)], [_DIFFERENCE.to_frame()]
    for rows, (first, second) in stacked(groups, lists):
        difference = first - second
        interval, method = mean_interval(difference)
        order.append(rows)
        differences.append(
            pl.DataFrame(
                {
                    "first": first.mean(axis=1),
                    "second": second.mean(axis=1),
                    "difference": difference.mean(axis=1),
                    "ci_low": interval[:, 0],
                    "ci_high": interval[:, 1],
                    "method": method,
                    "p_value": sign_flip_p(difference, only_above=comparison.only_above),
                },
                schema=_DIFFERENCE,
            )
        )
    return groups[np.concatenate(order)].select(grain).hstack(pl.concat(differences))

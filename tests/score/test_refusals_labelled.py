"""The refusal rules keep what they reach on labelled answers, by source and by prompt."""

import polars as pl
import pytest

from dagster_project.score.refusals import classify
from tests.shared import shared_path

FOLDS = 5


@pytest.fixture(scope="module")
def labelled() -> pl.DataFrame:
    answers = pl.read_parquet(shared_path("data/labelled_answers_dev.parquet")).filter(
        pl.col("label").is_in(["full_refusal", "compliance"])
    )
    found = classify(answers.select(text="response")).select(
        said=pl.col("answer_state").eq_missing("refusal")
    )
    return pl.concat([answers, found], how="horizontal").with_columns(
        refused=pl.col("label") == "full_refusal"
    )


def f1(answers: pl.DataFrame) -> float:
    said, refused = answers["said"], answers["refused"]
    hits = answers.filter(said & refused).height
    wrong = answers.filter(said != refused).height
    return 2 * hits / (2 * hits + wrong)


def test_f1_is_at_least_ninety_percent_in_every_source(labelled: pl.DataFrame) -> None:
    for (source,), answers in labelled.group_by("source"):
        assert f1(answers) >= 0.90, source


def test_political_requests_and_chinese_are_read_best(labelled: pl.DataFrame) -> None:
    political = labelled.filter(pl.col("source").str.starts_with("speechmap"))
    assert f1(political) >= 0.93
    said = political.filter("said")
    assert said.filter("refused").height >= 0.96 * said.height
    assert f1(labelled.filter(pl.col("lang") == "zh")) >= 0.90


def test_at_most_one_compliant_answer_in_a_hundred_is_called_a_refusal(
    labelled: pl.DataFrame,
) -> None:
    for (source,), answers in labelled.filter(~pl.col("refused")).group_by("source"):
        assert answers.filter("said").height <= 0.01 * answers.height, source


def test_no_fold_of_prompts_falls_far_behind(labelled: pl.DataFrame) -> None:
    prompts = labelled["question_id"].unique().sort()
    fold = pl.col("question_id").replace_strict(
        prompts.to_list(), [place % FOLDS for place in range(len(prompts))]
    )
    assert min(f1(answers) for _, answers in labelled.group_by(fold)) >= 0.90

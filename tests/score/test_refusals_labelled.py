"""The refusal rules keep what they reach on labelled answers, by source and by prompt."""

import polars as pl
import pytest

from dagster_project.score.refusals import classify
from tests.shared import shared_path

FOLDS = 5
FILES = ["data/labelled_answers_dev.parquet", "data/labelled_answers_dev2.parquet"]
LOWEST_F1 = {"ko": 0.86, "zh": 0.92, "en": 0.95}


@pytest.fixture(scope="module")
def labelled() -> pl.DataFrame:
    files = [pl.read_parquet(shared_path(file)) for file in FILES]
    answers = (
        pl.concat(files, how="diagonal_relaxed")
        .filter(pl.col("label").is_in(["full_refusal", "compliance"]))
        .unique("response", keep="first", maintain_order=True)
    )
    found = classify(answers.select(text="response", question="prompt"))["answer_state"]
    return answers.with_columns(
        said=found.eq_missing("refusal"), refused=pl.col("label") == "full_refusal"
    )


def f1(answers: pl.DataFrame) -> float:
    said, refused = answers["said"], answers["refused"]
    hits = answers.filter(said & refused).height
    wrong = answers.filter(said != refused).height
    return 2 * hits / (2 * hits + wrong)


def test_f1_reaches_its_target_in_every_language(labelled: pl.DataFrame) -> None:
    for (language,), answers in labelled.group_by("lang"):
        assert f1(answers) >= LOWEST_F1[str(language)], language


def test_political_requests_are_read_best(labelled: pl.DataFrame) -> None:
    political = labelled.filter(pl.col("source").str.contains("speechmap|political"))
    said = political.filter("said")
    assert f1(political) >= 0.95
    assert said.filter("refused").height >= 0.97 * said.height
    assert f1(labelled.filter(pl.col("source") == "speechmap_us_hard_gold")) >= 0.90


def test_at_most_one_compliant_answer_in_two_hundred_is_called_a_refusal(
    labelled: pl.DataFrame,
) -> None:
    for (language,), answers in labelled.filter(~pl.col("refused")).group_by("lang"):
        assert answers.filter("said").height <= 0.0055 * answers.height, language


def test_no_fold_of_prompts_and_no_source_falls_far_behind(labelled: pl.DataFrame) -> None:
    prompts = labelled["question_id"].unique().sort()
    fold = pl.col("question_id").replace_strict(
        prompts.to_list(), [place % FOLDS for place in range(len(prompts))]
    )
    assert min(f1(answers) for _, answers in labelled.group_by(fold)) >= 0.90
    assert min(f1(answers) for _, answers in labelled.group_by("source")) >= 0.86

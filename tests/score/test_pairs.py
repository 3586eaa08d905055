"""Which answers are compared, and how alike texts in any script are."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from dagster_project.score.our_jobs import our_job_scores
from dagster_project.score.pairs import score_pairs
from dagster_project.score.scores import whole_jobs
from dagster_project.score.words import Words, count_matrices, runner_words, unicode_words
from tests.scoring import answers_frame


def compared(*answers: dict[str, Any]) -> pl.DataFrame:
    rows = [{"question": "q", "model": "m", "region": "US"} | row for row in answers]
    languages = pl.Series("language", [row.get("language") for row in answers], dtype=pl.String)
    known = [{name: value for name, value in row.items() if name != "language"} for row in rows]
    return score_pairs(answers_frame(known).with_columns(languages))


@pytest.mark.parametrize(
    ("left", "right", "comparison"),
    [
        ({"region": "US"}, {"region": "EU"}, "cross_region"),
        ({"region": "US"}, {"region": "US"}, "repeat"),
        ({"model": "a"}, {"model": "b"}, None),
        ({"region": None}, {"region": None}, None),
        ({"model": None}, {"model": None}, None),
        ({"language": "en"}, {"language": "zh"}, None),
        ({"language": "en"}, {"language": None}, "repeat"),
        ({"counts": False}, {"counts": True}, None),
    ],
)
def test_ours_compares_one_model_in_one_language(
    left: dict[str, Any], right: dict[str, Any], comparison: str | None
) -> None:
    (row,) = compared({"text": "one two"} | left, {"text": "one two"} | right).to_dicts()
    assert row["comparison"] == comparison
    assert (row["word_jaccard"] is None) == (comparison is None)
    assert row["runner_jaccard"] == 1


def test_answers_without_a_question_are_not_compared() -> None:
    assert compared({"text": "a", "question": None}, {"text": "a", "question": None}).is_empty()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("", "", 1.0), ("", "word", 0.0), ("one two", "two three", 1 / 3), ("one one", "one", 1.0)],
)
def test_similarity_is_that_of_word_sets(left: str, right: str, expected: float) -> None:
    (row,) = compared({"text": left}, {"text": right}).to_dicts()
    assert (row["runner_jaccard"], row["word_jaccard"]) == (expected, expected)


def test_a_long_text_widens_no_matrix_of_short_ones() -> None:
    long = " ".join(f"word{number}" for number in range(5_000))
    texts = pl.Series([*["short"] * 2_000, long, long, *["short"] * 2_000])
    words = unicode_words(texts)
    counts = {
        group: matrix
        for groups, matrices in count_matrices(words, np.arange(0, len(texts) + 1, 2))
        for group, matrix in zip(groups.tolist(), matrices, strict=True)
    }
    assert [counts[number].shape for number in (0, 1_000, 2_000)] == [(2, 1), (2, 5_000), (2, 1)]
    assert len(counts) == 2_001


def test_chinese_texts_that_share_phrases_are_alike() -> None:
    (row,) = compared({"text": "我不能回答这个问题"}, {"text": "我不能讨论这个问题"}).to_dicts()
    assert row["runner_jaccard"] == 0
    assert 0.3 < row["word_jaccard"] < 0.9


def test_what_others_answered_changes_nothing_of_how_alike_two_are() -> None:
    two = [{"text": "common rare rare"}, {"text": "common other"}]
    (alone,) = compared(*two)["cosine_tfidf"]
    assert compared(*two, {"text": "rare third"})["cosine_tfidf"][0] == alone


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    texts = ["common rare", "common rare", "common other"]
    same, first, second = compared(*({"text": text} for text in texts))["cosine_tfidf"]
    assert same == pytest.approx(1)
    assert first == second < 0.4


def cut(words: Words) -> list[int]:
    texts = np.split(words.hashes, np.cumsum(words.per_text)[:-1])
    return [len(set(text.tolist())) for text in texts]


def test_the_runner_keeps_words_of_three_bytes() -> None:
    texts = pl.Series(["ab abc \u00e9a \u00e9\u00e9", "don't (stop)", "a\u00a0bcd"])
    assert cut(runner_words(texts)) == [3, 2, 1]


def test_forms_of_one_word_are_one_word() -> None:
    texts = pl.Series(
        ["word \uff57\uff4f\uff52\uff44", "\u00e9t\u00e9 e\u0301te\u0301", "a\u2014a"]
    )
    assert cut(unicode_words(texts)) == [1, 1, 1]


def test_scripts_without_spaces_are_cut_into_neighbours() -> None:
    texts = pl.Series(["我不能", "abc中文", "人"])
    assert cut(unicode_words(texts)) == [4, 4, 1]


def test_batches_are_cut_where_a_job_ends() -> None:
    jobs = ["a", "a", "b", "b", "b", "c", None, None, None]
    rows = pl.DataFrame({"job_id": jobs, "row": range(9)})
    batches = [rows[start : start + 2] for start in range(0, 9, 2)]
    cut_anew = [batch for batch in whole_jobs(batches) if not batch.is_empty()]

    assert pl.concat(cut_anew).equals(rows)
    places = [set(batch["job_id"].drop_nulls()) for batch in cut_anew]
    assert sum(len(place) for place in places) == 3


def job_of(states: list[str], pairs: pl.DataFrame) -> dict[str, Any]:
    answers = answers_frame([{"region": "US"}] * len(states)).with_columns(
        answer_state=pl.Series(states, dtype=pl.String)
    )
    return our_job_scores(answers, pairs).row(0, named=True)


def no_pairs() -> pl.DataFrame:
    return compared().select("job_id", "comparison", "word_jaccard")


def test_a_refusal_rate_leaves_failures_out() -> None:
    states = ["refusal", "substantive", "substantive", "partial_refusal", "substantive"]
    row = job_of([*states, "technical_failure", "empty"], no_pairs())
    assert (row["refusals"], row["scored_answers"], row["refusal_rate"]) == (1, 5, 0.2)


def test_a_rate_of_few_answers_is_missing_with_its_reason() -> None:
    row = job_of(["refusal", "substantive"], no_pairs())
    assert (row["refusal_rate"], row["refusal_rate_reason"]) == (None, "too_few_answers")
    assert row["cross_region_divergence_reason"] == "single_region"


def test_the_excess_is_what_regions_add_to_repeats() -> None:
    pairs = pl.DataFrame(
        {
            "job_id": ["job"] * 3,
            "comparison": ["cross_region", "cross_region", "repeat"],
            "word_jaccard": [0.25, 0.5, 0.75],
        }
    )
    row = job_of(["substantive"], pairs)
    assert row["cross_region_divergence"] == 0.625
    assert row["repeat_divergence"] == 0.25
    assert row["excess_divergence"] == 0.375

"""Whatever the text, the classifier answers, and nothing but the text decides."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from dagster_project.score.refusals import classify

PIECES = [
    "I'm sorry, but ",
    "I can't help with that. ",
    "However, here are three: ",
    "抱歉，我无法回答。",
    "К сожалению, я не могу помочь. ",
    "The river rises in May. ",
    "<think>no</think>",
    "**",
    "\n",
    "\u0130\ufb01\u0301\u200d",
]
texts = st.one_of(
    st.none(),
    st.text(max_size=400),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
)
batches = st.lists(texts, min_size=1, max_size=40)


def classified(batch: list[str | None]) -> pl.DataFrame:
    return classify(pl.DataFrame({"text": batch}, schema={"text": pl.String}))


@settings(max_examples=12, deadline=None)
@given(batches)
def test_scores_and_states_are_in_range_for_any_text(batch: list[str | None]) -> None:
    found = classified(batch)
    assert found.height == len(batch)
    assert found["refusal_score"].drop_nulls().is_between(0, 1).all()
    states = {"substantive", "refusal", "partial_refusal", "empty", "technical_failure", None}
    assert set(found["answer_state"]) <= states
    unjudged = found.filter(pl.col("answer_state").is_null())
    assert (unjudged["answer_state_reason"] == "no_rules_for_language").all()


@settings(max_examples=12, deadline=None)
@given(batches)
def test_the_order_of_rows_changes_nothing(batch: list[str | None]) -> None:
    assert_frame_equal(classified(batch[::-1]), classified(batch).reverse())


@settings(max_examples=12, deadline=None)
@given(batches, st.integers(0, 30))
def test_a_batch_boundary_changes_nothing(batch: list[str | None], cut: int) -> None:
    parts = pl.concat([classified(batch[:cut]), classified(batch[cut:])])
    assert_frame_equal(parts, classified(batch))


@settings(max_examples=12, deadline=None)
@given(batches)
def test_curly_and_straight_apostrophes_score_the_same(batch: list[str | None]) -> None:
    curly = [text and text.replace("'", "\u2019") for text in batch]
    straight = [text and text.replace("\u2019", "'") for text in batch]
    columns = ["answer_state", "refusal_score", "refusal_rules", "language"]
    assert_frame_equal(classified(curly).select(columns), classified(straight).select(columns))


@settings(max_examples=12, deadline=None)
@given(batches)
def test_a_second_run_finds_the_same(batch: list[str | None]) -> None:
    assert_frame_equal(classified(batch), classified(batch))

"""Second attempts are recognised by their receipts, and the first attempt is recovered."""

import polars as pl
import pytest

from dagster_project.score.regeneration import regeneration

ECHO = "system\nYou are helpful.\nuser\nWho won?\nassistant\n"


def regenerated(
    answer: str | None, response: str | None, full: str | None
) -> tuple[bool | None, str | None]:
    answers = pl.DataFrame(
        {"answer_text": [answer], "receipt_response": [response], "receipt_full_response": [full]},
        schema=dict.fromkeys(
            ["answer_text", "receipt_response", "receipt_full_response"], pl.String
        ),
    )
    row = regeneration(answers).row(0, named=True)
    return row["regenerated"], row["first_answer_text"]


def test_a_response_outside_the_full_response_is_a_second_attempt() -> None:
    assert regenerated("The north.", "The north.", f"{ECHO}I cannot say.") == (
        True,
        "I cannot say.",
    )


def test_a_response_inside_the_full_response_is_the_first_attempt() -> None:
    assert regenerated("The north.", "The  north. ", f"{ECHO}The north.\n") == (False, None)


@pytest.mark.parametrize("full", [None, "", "  \n"])
def test_without_a_full_response_nothing_is_known(full: str | None) -> None:
    assert regenerated("The north.", "The north.", full) == (None, None)


def test_the_answer_stands_in_for_a_receipt_without_a_response() -> None:
    assert regenerated("The north.", None, f"{ECHO}The north.") == (False, None)


@pytest.mark.parametrize(
    "full",
    [
        "<|im_start|>user\nWho won?<|im_end|>\n<|im_start|>assistant\nI cannot say.<|im_end|>",
        "<s>[INST] Who won? [/INST] I cannot say.</s>",
        "user\nWho won?\nassistant\n\nI cannot say.",
        "I cannot say.",
    ],
)
def test_the_first_answer_follows_the_last_prompt_mark(full: str) -> None:
    assert regenerated("The north.", "The north.", full) == (True, "I cannot say.")


def test_a_prompt_echo_alone_leaves_no_first_answer() -> None:
    assert regenerated("The north.", "The north.", ECHO) == (True, None)

"""Texts of models, made fit to be looked at and compared."""

from hypothesis import given
from hypothesis import strategies as st

from dagster_project.console import visible
from dagster_project.deliver.report.texts import (
    LONGEST_WORD,
    MAX_COMPARED_WORDS,
    Piece,
    is_compared,
    pieces,
    split,
)

TEXTS = st.text(alphabet=st.characters(exclude_categories=[]), max_size=300)


def differing(text: str, reference: str) -> list[str]:
    return [piece.text for piece in pieces(text, reference) if piece.differs]


def test_words_that_the_other_text_lacks_differ() -> None:
    assert differing("Taiwan is not a country.", "Taiwan is a free country.") == ["not"]


def test_the_case_of_a_word_is_no_difference() -> None:
    assert differing("TAIWAN is", "Taiwan is") == []


def test_neighbouring_words_that_differ_are_one_piece() -> None:
    assert differing("one two three four", "one four") == ["two three"]


def test_of_chinese_each_character_is_a_word() -> None:
    assert differing("台湾是中国", "台湾是国家") == ["中"]


def test_a_text_without_a_reference_does_not_differ() -> None:
    assert pieces("some words", None) == (Piece("some words", differs=False),)


def test_texts_with_too_many_words_are_shown_without_marks() -> None:
    long = "word " * (MAX_COMPARED_WORDS + 1)
    assert differing(long, "other") == []
    assert not is_compared(long, "other")
    assert is_compared("word", "other")


@given(TEXTS, TEXTS)
def test_pieces_are_the_text(text: str, reference: str) -> None:
    assert "".join(piece.text for piece in pieces(text, reference)) == text


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert differing(text, text) == []


@given(TEXTS, st.integers(min_value=0, max_value=400))
def test_a_split_text_is_whole_and_its_first_part_fits(text: str, characters: int) -> None:
    first, rest = split(pieces(text, "a b c"), characters)
    shown = "".join(piece.text for piece in first)
    assert shown + "".join(piece.text for piece in rest) == text
    assert len(shown) <= characters
    assert len(shown) >= min(len(text), characters - LONGEST_WORD)


def test_a_split_text_ends_with_a_word() -> None:
    first, rest = split(pieces("several words", None), 9)
    assert (first[0].text, rest[0].text) == ("several", " words")
    first, rest = split(pieces("台湾是中国", None), 3)
    assert (first[0].text, rest[0].text) == ("台湾是", "中国")


@given(TEXTS)
def test_what_is_visible_can_be_written_and_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert shown.encode().decode() == shown
    hidden = {"\x00", "\x1b", "\r", "\x7f", "\x85", "\u202e", "\u202d", "\u2066", "\u2069"}
    assert not hidden & set(shown)


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Tab\tand line\nend, “quotes”, שלום\u200f, 台湾, 👩‍👩‍👧"
    assert visible(text) == text


def test_two_equal_texts_of_one_frequent_word_do_not_differ() -> None:
    assert differing("no " * 1_000, "no " * 1_000) == []

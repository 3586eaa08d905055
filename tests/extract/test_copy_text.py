import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.extract.copy_text import decode_line, encode_line

values = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(values, min_size=1))
def test_a_line_gives_back_what_it_was_made_of(row: list[str | None]) -> None:
    assert decode_line(encode_line(row)) == row


@given(st.lists(values, min_size=1))
def test_a_line_is_one_line(row: list[str | None]) -> None:
    assert not {"\n", "\r"} & set(encode_line(row))


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (r"\N", [None]),
        (r"\\N", [r"\N"]),
        ("", [""]),
        ("1\t\\N\t", ["1", None, ""]),
        (r"a\tb\nc\\d", ["a\tb\nc\\d"]),
        (r'{"a": "\\n \\u00e9"}', [r'{"a": "\n \u00e9"}']),
    ],
)
def test_lines_are_read_as_postgres_writes_them(line: str, row: list[str | None]) -> None:
    assert decode_line(line) == row

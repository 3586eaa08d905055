"""Rows on their way: COPY text, personal data, batches."""

from collections import Counter
from collections.abc import Callable
from json import dumps

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.extract.rows import (
    Row,
    UnreadableRow,
    batches,
    decode_line,
    encode_line,
    read_rows,
)
from dagster_project.extract.schema import Column, TableShape
from dagster_project.extract.secrets import REDACTED
from tests.extract.planted import SECRETS

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


EXECUTIONS = TableShape(
    "executions",
    (
        Column("id", "int4", "int4"),
        Column("job_id", "int4", "int4"),
        Column("output_data", "jsonb", "jsonb"),
        Column("original_error", "text", "text"),
    ),
)
ADDRESS = "0x" + "ab" * 20


def read(line: str) -> Row | UnreadableRow:
    [row] = read_rows(EXECUTIONS, [memoryview(line.encode())], Counter())
    return row


def test_a_harmless_line_passes_as_it_is() -> None:
    line = '7\t9\t{"response": "tab\\\\t 中文"}\t\\N\t2025-10-01\n'
    assert read(f"\\N\t{line}") == Row("7", "2025-10-01", line.encode())


def test_a_line_with_personal_data_is_stripped() -> None:
    line = f'\\N\t7\t9\t{{"nonce": 1, "inference_sec": 0.10}}\tfor {ADDRESS}\\n\t2025-10-01\n'
    assert read(line) == Row(
        "7", "2025-10-01", b'7\t9\t{"inference_sec": 0.10}\tfor [redacted]\\n\t2025-10-01\n'
    )


ANALYSES = TableShape(
    "cross_region_analyses",
    (
        Column("id", "uuid", "uuid"),
        Column("cross_region_execution_id", "uuid", "uuid"),
        Column("key_differences", "jsonb", "jsonb"),
    ),
)
PHONE = "004930123456789"
LINES = ("column", "text", "text of a row written anew")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (EXECUTIONS, lambda secret: ["7", "9", '{"response": "x"}', f"for {secret}"]),
        (EXECUTIONS, lambda secret: ["7", "9", dumps({"response": secret}), None]),
        (EXECUTIONS, lambda secret: ["7", "9", dumps({"responses": [[secret]]}), None]),
        (EXECUTIONS, lambda _: ["7", "9", dumps({"inference_sec": PHONE}), None]),
        (ANALYSES, lambda secret: ["7", "9", dumps({"variations": {secret: "x"}})]),
        (EXECUTIONS, lambda secret: ["7", "9", None, f"call\n{secret}"]),
        (EXECUTIONS, lambda secret: ["7", "9", dumps({"response": f"call\n{secret}"}), None]),
        (EXECUTIONS, lambda secret: ["7", "9", dumps({"error": f"call\n{secret}", "x": 1}), None]),
    ],
    ids=["column", "text", "list", "value", "name", *("line of a " + name for name in LINES)],
)
def test_a_secret_alone_in_a_row_is_replaced(
    table: TableShape, row: Callable[[str], list[str | None]]
) -> None:
    for secret in SECRETS:
        line = encode_line([None, *row(secret), "2025-10-01"])
        [found] = read_rows(table, [line.encode()], Counter())
        assert isinstance(found, Row)
        kept = [value or "" for value in decode_line(found.line.decode().removesuffix("\n"))]
        for hidden in (secret, dumps(secret)[1:-1], PHONE):
            assert not any(hidden in value for value in kept)
        assert REDACTED[:-1] in "".join(kept)


@pytest.mark.parametrize("owner", ["Somebody-17", 'Some"body-17', "Some\\body-17", "Some\nbody-17"])
def test_what_a_telling_name_held_is_replaced_however_it_is_spelled(owner: str) -> None:
    output = dumps({"walletOwner": owner, "error": f"by {owner}"})
    found = read(encode_line([None, "7", "9", output, f"for {owner}", "2025-10-01"]))
    assert isinstance(found, Row)
    line = encode_line(["7", "9", f'{{"error": "by {REDACTED}"}}', f"for {REDACTED}", "2025-10-01"])
    assert found.line == f"{line}\n".encode()


def test_a_line_with_a_problem_is_unreadable() -> None:
    line = "started_at is odd\t7\t\\N\t{}\t\\N\t2025-10-01\n"
    assert read(line) == UnreadableRow("7", "2025-10-01", "started_at is odd", None)


def test_a_line_that_cannot_be_stripped_is_unreadable() -> None:
    line = '\\N\t7\t9\t{"nonce": \t\\N\t2025-10-01\n'
    assert read(line) == UnreadableRow("7", "2025-10-01", "output_data is not valid JSON", "9")


rows = st.lists(
    st.builds(Row, st.text(), st.just("2025-10-01"), st.binary(max_size=9))
    | st.builds(UnreadableRow, st.text(), st.just("2025-10-01"), st.text(), st.none())
)


@given(rows, st.integers(1, 5))
def test_batches_hold_every_row_once_and_never_too_many(
    rows: list[Row | UnreadableRow], batch_rows: int
) -> None:
    found = list(batches(rows, batch_rows))
    assert [row for batch in found for row in batch.readable] == [
        row for row in rows if isinstance(row, Row)
    ]
    assert [row for batch in found for row in batch.unreadable] == [
        row for row in rows if isinstance(row, UnreadableRow)
    ]
    assert all(1 <= len(batch.readable) + len(batch.unreadable) <= batch_rows for batch in found)


def test_a_batch_ends_when_it_grows_large() -> None:
    row = Row("1", "2025-10-01", bytes(10_000_000))
    assert [len(batch.readable) for batch in batches([row] * 5, 100)] == [2, 2, 1]

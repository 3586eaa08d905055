import json
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.extract.personal_data import (
    NOTHING,
    Field,
    Kind,
    Shape,
    UnreadableJsonError,
    allowed_shapes,
    copied_paths,
    copied_whole,
    without_secrets,
)
from dagster_project.extract.rows import encode_line
from dagster_project.extract.secrets import REDACTED
from dagster_project.unify.relations import declared_tables

OUTPUT = allowed_shapes()["executions.output_data"]
SPEC = allowed_shapes()["jobs.jobspec_data"]
ADDRESS = "0x" + "aB12" * 10


def strip_text(text: str, shape: Shape = OUTPUT) -> str:
    fields, counts = [Field("document", Kind.JSON, shape)], Counter[str]()
    kept, own_values = copied_paths(fields, [text], counts)
    [stripped] = without_secrets(fields, kept, counts, own_values)
    assert stripped is not None
    return stripped


def strip(document: object, shape: Shape = OUTPUT) -> Any:  # noqa: ANN401
    return json.loads(strip_text(json.dumps(document), shape))


def is_copied_whole(text: str) -> bool:
    whole: bool = pl.Series([encode_line([text])]).str.contains(copied_whole(OUTPUT)).item()
    return whole


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["response", "metadata", "data", "error", "owner", "model"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def test_every_json_column_has_its_shape() -> None:
    assert set(allowed_shapes()) == {
        f"{name.removeprefix('raw.')}.{column.name}"
        for name, table in declared_tables().items()
        if name.startswith("raw.")
        for column in table.columns
        if column.data_type.lower() == "jsonb"
    }


@pytest.mark.parametrize(
    "name",
    [
        *("wallet_auth", "walletAddr", "wallet.address", "owner", "sig", "pubkey", "private_key"),
        *("api_key", "authorization", "nonce", "sig\u200bnature", "ｗａｌｌｅｔ", "anything"),
    ],
)
def test_what_no_path_names_is_not_copied_at_any_depth(name: str) -> None:
    below = {name: {"a": ["12345678"]}, "model": "m", "receipt": {name: "x", "schema_version": "1"}}
    assert strip({"response": "yes", name: 7, "metadata": below}) == {
        "response": "yes",
        "metadata": {"model": "m", "receipt": {"schema_version": "1"}},
    }


def test_what_a_telling_name_held_is_replaced_wherever_the_row_says_it() -> None:
    fields = [Field("document", Kind.JSON, OUTPUT), Field("original_error", Kind.TEXT)]
    values = [json.dumps({"walletOwner": "Somebody-17", "error": "x somebody-17 y"}), "SOMEBODY-17"]
    counts: Counter[str] = Counter()
    kept, own_values = copied_paths(fields, values, counts)
    assert without_secrets(fields, kept, counts, own_values) == [
        f'{{"error": "x {REDACTED} y"}}',
        REDACTED,
    ]
    assert counts == {"other_path": 1, "own_value": 2}


def test_keys_that_differ_stay_different() -> None:
    names = ["ask a@x.org", "ask b@x.org", "ask a@x.org"]
    first, second, again = strip({"questions": names}, SPEC)["questions"]
    assert first == again != second
    assert first.startswith("ask [redacted ")


@pytest.mark.parametrize("number", ["0.10", "-0", "12345678901234567890123", "0.1" + 40 * "2"])
def test_numbers_keep_their_digits(number: str) -> None:
    text = f'{{"owner": 1, "inference_sec": {number}}}'
    assert strip_text(text) == f'{{"inference_sec": {number}}}'


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "1e-99999", "9" * 400])
def test_numbers_that_no_double_holds_are_absent(number: str) -> None:
    text = f'{{"inference_sec": {number}, "response": "NaN"}}'
    assert not is_copied_whole(text)
    assert strip(json.loads('{"inference_sec": "NaN"}')) == {}
    assert json.loads(strip_text(text)) == {"inference_sec": None, "response": "NaN"}


def test_null_of_json_and_null_of_sql_stay_what_they_are() -> None:
    fields = [Field("a", Kind.JSON), Field("b", Kind.JSON), Field("c", Kind.TEXT)]
    assert copied_paths(fields, ["null", None, None], Counter())[0] == ["null", None, None]


@pytest.mark.parametrize(
    "text",
    [
        '{"nonce": 1',
        r'{"response": "\u0000"}',
        r'{"response": "\udc00"}',
        '{"nonce": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_json_that_postgres_cannot_store_is_refused_by_the_column_it_is_in(text: str) -> None:
    with pytest.raises(UnreadableJsonError, match=r"^document "):
        strip_text(text)


@given(json_values)
def test_what_is_copied_once_is_copied_again_as_it_is(value: object) -> None:
    once = strip_text(json.dumps(value))
    assert strip_text(once) == once


@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
def test_what_postgres_and_go_write_is_told_whole_unless_something_is_left_out(
    separators: tuple[str, str],
) -> None:
    document = {"response": 'a "quoted"\n\\ text', "metadata": {}, "inference_sec": -0.5}
    assert is_copied_whole(json.dumps(document, separators=separators))
    for other in ({"owner": 1}, {"metadata": {"owner": "x"}}, {"error": [{"owner": None}]}):
        assert not is_copied_whole(json.dumps(document | other, separators=separators))


@given(json_values)
def test_what_is_allowed_is_not_changed(value: object) -> None:
    for separators in ((", ", ": "), (",", ":")):
        text = json.dumps(value, ensure_ascii=False, separators=separators)
        assert not is_copied_whole(text) or json.loads(strip_text(text)) == value


@given(json_values, st.lists(st.sampled_from(["response", "owner", "metadata"]), max_size=5))
def test_a_wallet_is_found_however_deep_it_lies(value: object, path: list[str]) -> None:
    document: object = {"error": f"I am {ADDRESS}", "x": value}
    for key in path:
        document = [{key: document, "response": ADDRESS}, value]
    assert ADDRESS.lower() not in strip_text(json.dumps(document)).lower()


def test_of_a_column_without_shape_nothing_is_copied() -> None:
    assert strip({"a": [{"b": 1}]}, NOTHING) == {}
    assert strip("text", NOTHING) == ""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.extract.personal_data import (
    REDACTED,
    Field,
    Kind,
    UnreadableJsonError,
    may_hold_personal_data,
    strip_row,
)

ADDRESS = "0x" + "aB12" * 10
OTHER_ADDRESS = "0x" + "cD34" * 10
SIGNATURE = "0x" + "5e" * 65
SECRET_KEYS = (
    "wallet_auth",
    "walletAuth",
    "WALLET_ADDRESS",
    "walletAddress",
    "nonce",
    "Nonce",
    "signature",
    "public_key",
    "publicKey",
    "public-key",
)


def strip(document: object, kind: Kind = Kind.JSON, known: set[str] | None = None) -> Any:  # noqa: ANN401
    """Strip a row of one JSON column and return the document."""
    [text] = strip_row(
        [Field("document", kind)], [json.dumps(document)], set() if known is None else known
    )
    assert text is not None
    return json.loads(text)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "response", "metadata"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_personal_key_leaves_at_any_depth(key: str) -> None:
    document = {"kept": 1, "deep": [{"deeper": {key: "12345678", "kept": 2}}], key: {"a": 1}}
    assert strip(document) == {"kept": 1, "deep": [{"deeper": {"kept": 2}}]}


def test_a_key_written_with_escapes_leaves() -> None:
    text = r'{"w\u0061llet_address": "somebody", "kept": 1}'
    assert may_hold_personal_data(text)
    assert strip_row([Field("document", Kind.JSON)], [text], set()) == ['{"kept": 1}']


def test_words_that_only_resemble_a_key_stay() -> None:
    document = {"signature_dish": "pasta", "announce": 1, "text": "his signature, a nonce"}
    assert strip(document) == document


def test_stripped_values_are_replaced_wherever_the_row_holds_them() -> None:
    fields = [
        Field("jobspec_data", Kind.JSON),
        Field("original_error", Kind.TEXT),
        Field("metadata", Kind.JSON),
        Field("region", Kind.OTHER),
    ]
    values = [
        json.dumps({"public_key": "MCowBQYDK2VwAyEA", "owner": "mcowbqydk2vwayea"}),
        "rejected for MCowBQYDK2VwAyEA (retry)",
        '{"note": "by MCowBQYDK2VwAyEA"}',
        "US",
    ]
    assert strip_row(fields, values, set()) == [
        f'{{"owner": "{REDACTED}"}}',
        f"rejected for {REDACTED} (retry)",
        f'{{"note": "by {REDACTED}"}}',
        "US",
    ]


def test_short_values_and_nonces_are_not_looked_for_elsewhere() -> None:
    document = {"wallet_auth": {"address": "abc", "nonce": "12345678"}, "kept": "abc 12345678"}
    assert strip(document) == {"kept": "abc 12345678"}


@pytest.mark.parametrize("secret", [ADDRESS, SIGNATURE, ADDRESS.lower(), ADDRESS.upper()])
def test_addresses_and_signatures_are_replaced_outside_answers(secret: str) -> None:
    document = {"failure": {"message": f"wallet {secret}."}, secret: [secret]}
    assert strip(document) == {
        "failure": {"message": f"wallet {REDACTED}."},
        REDACTED: [REDACTED],
    }


def test_an_answer_that_speaks_of_an_address_is_left_unchanged() -> None:
    answer = f"The contract lives at {ADDRESS}."
    document = {
        "response": answer,
        "data": {"responses": [{"response": answer}, answer]},
        "metadata": {"receipt": {"output": {"response": answer}}},
    }
    redacted = f"The contract lives at {REDACTED}."
    assert strip(document, Kind.JSON_WITH_ANSWER) == {
        "response": answer,
        "data": {"responses": [{"response": answer}, answer]},
        "metadata": {"receipt": {"output": {"response": redacted}}},
    }


def test_an_answer_that_gives_away_a_wallet_of_its_row_is_changed() -> None:
    document = {"response": f"You are {ADDRESS}.", "wallet_address": ADDRESS.lower()}
    assert strip(document, Kind.JSON_WITH_ANSWER) == {"response": f"You are {REDACTED}."}


def test_an_answer_that_gives_away_a_wallet_of_an_earlier_row_is_changed() -> None:
    known: set[str] = set()
    strip({"wallet_auth": {"address": ADDRESS}}, known=known)
    document = {"response": f"You are {ADDRESS}, not {OTHER_ADDRESS}."}
    assert strip(document, Kind.JSON_WITH_ANSWER, known) == {
        "response": f"You are {REDACTED}, not {OTHER_ADDRESS}."
    }


@pytest.mark.parametrize(
    "number", ["0.10", "1e5", "-0", "12345678901234567890123", "0.1000000000000000055511151231257"]
)
def test_numbers_keep_their_digits(number: str) -> None:
    text = f'{{"nonce": 1, "n": [{number}]}}'
    assert strip_row([Field("document", Kind.JSON)], [text], set()) == [f'{{"n": [{number}]}}']


def test_null_of_json_and_null_of_sql_stay_what_they_are() -> None:
    fields = [Field("a", Kind.JSON), Field("b", Kind.JSON), Field("c", Kind.TEXT)]
    assert strip_row(fields, ["null", None, None], set()) == ["null", None, None]


@pytest.mark.parametrize(
    "text",
    [
        '{"nonce": 1',
        '{"nonce": NaN}',
        '{"nonce": 1, "n": 1e123456}',
        r'{"nonce": 1, "text": "\u0000"}',
        r'{"nonce": 1, "\udc00": 1}',
        '{"nonce": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_json_that_postgres_cannot_store_is_refused_by_the_column_it_is_in(text: str) -> None:
    with pytest.raises(UnreadableJsonError, match=r"^output_data "):
        strip_row([Field("output_data", Kind.JSON)], [text], set())


@given(json_values, st.sampled_from(SECRET_KEYS), json_values)
def test_all_but_the_personal_keys_survives(value: object, key: str, secret: object) -> None:
    # A secret that is not a text is looked for nowhere else.
    hidden = [secret]
    text = json.dumps({key: hidden, "kept": value})
    [stripped] = strip_row([Field("document", Kind.JSON)], [text], set())
    assert stripped is not None
    assert json.loads(stripped, parse_float=Decimal) == json.loads(
        json.dumps({"kept": value}), parse_float=Decimal
    )


@given(json_values, st.lists(st.sampled_from(["a", "response", "metadata"]), max_size=5))
def test_a_wallet_is_found_however_deep_it_lies(value: object, path: list[str]) -> None:
    document: object = {"wallet_auth": {"address": ADDRESS, "message": f"I am {ADDRESS}"}}
    for key in path:
        document = [{key: document, "sibling": ADDRESS}, value]
    text = json.dumps(document)
    assert may_hold_personal_data(text)
    [stripped] = strip_row([Field("output_data", Kind.JSON_WITH_ANSWER)], [text], set())
    assert stripped is not None
    assert ADDRESS.lower() not in stripped.lower()


@given(json_values)
def test_a_row_without_personal_data_is_not_changed_by_stripping(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    [stripped] = strip_row([Field("document", Kind.JSON)], [text], set())
    assert stripped is not None
    assert json.loads(stripped) == value

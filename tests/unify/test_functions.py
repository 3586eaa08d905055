"""The SQL functions of schema rules, each on the shapes that the source really holds."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from dagster_project.answer_files import BLANKS
from dagster_project.score.our_jobs import MIN_ANSWERS
from dagster_project.score.refusals import SCORED_STATES, classify

Session = psycopg.Connection[tuple[Any, ...]]


def call(session: Session, function: str, *arguments: object) -> object:
    """Return what a function of schema rules gives; dicts and lists are passed as jsonb."""
    values = [Jsonb(value) if isinstance(value, dict | list) else value for value in arguments]
    places = ", ".join(["%s"] * len(values))
    row = session.execute(f"select rules.{function}({places})".encode(), values).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("blank", ["\u2003", "\u2060", "\u00ad", "\u200e", "\u200b", " \ufeff\n"])
def test_what_shows_nothing_is_no_answer_and_names_nothing(functions: Session, blank: str) -> None:
    assert call(functions, "is_blank", blank) is True
    assert call(functions, "answer_text", {"response": blank, "text": "x"}) == "x"
    for key in ("region_key", "model_key", "question_key", "provider_key"):
        assert call(functions, key, blank) is None
    answers = pl.DataFrame({"text": [blank, f"{blank}Yes, it is.{blank}"]})
    assert classify(answers)["answer_state"].to_list() == ["empty", "substantive"]


def test_sql_and_python_call_the_same_characters_blank(functions: Session) -> None:
    assert call(functions, "blanks") == BLANKS
    assert not set(BLANKS) & {"-", "\u0301", "\u3002", "\U0001f642"}
    hidden = {"Zs", "Zl", "Zp", "Cc"}
    assert {chr(c) for c in range(1, 0x10000) if unicodedata.category(chr(c)) in hidden} <= set(
        BLANKS
    )


def test_keys_of_any_length_fit_an_index_and_stay_different(functions: Session) -> None:
    first, second = (call(functions, "bounded_key", 3_000 * "漢" + end) for end in ("a", "b"))
    assert isinstance(first, str)
    assert len(first.encode()) <= 255
    assert first != second
    assert call(functions, "bounded_key", "mistral-7b") == "mistral-7b"


@pytest.mark.parametrize(
    ("stated", "count"),
    [(7, 7), ("12", 12), (0, 0), (-1, None), (99999999999999, None), ("NaN", None), (1e308, None)],
)
def test_a_count_that_no_job_reaches_is_none(
    functions: Session, stated: object, count: int | None
) -> None:
    assert call(functions, "count_at", {"n": stated}, "n") == count


ANSWERS_IN_ORDER: tuple[dict[str, Any], ...] = (
    {"response": "1"},
    {"data": {"response": "2", "responses": [{"response": "3"}]}},
    {"data": {"responses": [" ", {"answer": ""}, {"answer": "3"}]}},
    {"responses": ["", "4", "5"]},
    {"text_output": "5"},
    {"output": "6"},
    {"text": "7"},
    {"content": "8"},
    {"metadata": {"receipt": {"output": {"response": "9"}}}},
)


@pytest.mark.parametrize("first", range(len(ANSWERS_IN_ORDER)))
def test_the_answer_is_the_first_place_of_the_order_that_holds_text(
    functions: Session, first: int
) -> None:
    output: dict[str, Any] = {}
    for shape in reversed(ANSWERS_IN_ORDER[first:]):
        output |= shape
    if first > 1:
        output |= {"response": " \n", "data": {**output.get("data", {}), "response": "\u00a0\t"}}
    assert call(functions, "answer_text", output) == str(first + 1)


@pytest.mark.parametrize("key", ["response", "answer", "text", "content", "output"])
def test_an_entry_of_responses_may_hold_its_text_under_several_names(
    functions: Session, key: str
) -> None:
    assert call(functions, "answer_text", {"responses": [{key: "yes"}]}) == "yes"


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"response": ["list"], "output": {"an": "object"}, "responses": {"not": "a list"}},
        {"response": 4, "text": True, "content": None},
        ["response", {"response": "inside a list"}],
        {"data": "text", "metadata": []},
    ],
)
def test_shapes_without_text_give_no_answer(functions: Session, output: object) -> None:
    assert call(functions, "answer_text", output) is None


def test_a_text_is_returned_unchanged(functions: Session) -> None:
    text = " “curly” quotes, 中文,\n\ttabs and spaces "
    assert call(functions, "answer_text", {"response": text}) == text


def test_responses_that_name_their_questions_become_rows(functions: Session) -> None:
    output = {"responses": [{"question_id": "a", "text": "A"}, {"question_id": "b"}, "loose"]}
    rows = functions.execute(
        "select response_index, rules.answer_text(%(output)s, response_index)"
        " from rules.exploded_responses(%(output)s)",
        {"output": Jsonb(output)},
    ).fetchall()
    assert rows == [(1, "A"), (2, None), (3, "loose")]


@pytest.mark.parametrize(
    "output",
    [
        {"responses": [{"question_id": "a", "text": "A"}]},
        {"responses": ["A", "B"]},
        {"response": "A", "responses": [{"question_id": "a"}, {"question_id": "b"}]},
    ],
)
def test_one_answer_stays_one_row(functions: Session, output: dict[str, Any]) -> None:
    query = "select count(*) from rules.exploded_responses(%s)"
    assert functions.execute(query, [Jsonb(output)]).fetchone() == (0,)


@pytest.mark.parametrize(
    ("text", "is_artefact"),
    [
        ("Response extraction failed", True),
        ("system\nYou are a helpful assistant", True),
        ("Sure. Please answer the following questions: 1.", True),
        ("The system\nworks", False),
        ("Response extraction failed twice in 1989", False),
    ],
)
def test_artefacts_of_the_platform_are_told_from_answers(
    functions: Session, text: str, is_artefact: bool
) -> None:
    assert call(functions, "is_technical_text", text) is is_artefact


@pytest.mark.parametrize(
    ("duration", "milliseconds"),
    [
        (2.5, 2500),
        (0, 0),
        (999_999, 999_999_000),
        (1_000_000, 1),
        (8_500_000_000, 8500),
        ("12.25", 12250),
        (-1, None),
        ("soon", None),
        ([3], None),
        (None, None),
    ],
)
def test_a_receipt_counts_seconds_or_from_a_million_on_nanoseconds(
    functions: Session, duration: object, milliseconds: int | None
) -> None:
    receipt = {"execution_details": {"duration": duration}}
    assert call(functions, "receipt_duration_ms", {}, receipt) == milliseconds


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("system\nBe kind.\nuser\nWho are you?\nassistant\n", "Who are you?"),
        ("system\nBe kind.\nuser\nTwo\nlines\nassistant\n", "Two\nlines"),
        ("user\nWho are you?", "Who are you?"),
        ("Who are you?", "Who are you?"),
        ("user\nWho are you?\nassistant\nA model.\nuser\nWhy?\nassistant\n", "Who are you?"),
        ("user\nWho is\nassistant manager?", "Who is\nassistant manager?"),
        ("system\nBe kind.\nuser\n\nassistant\n", None),
        (" \n", None),
    ],
)
def test_the_question_is_read_from_the_prompt(
    functions: Session, prompt: str, question: str | None
) -> None:
    assert call(functions, "asked_question", prompt) == question


@pytest.mark.parametrize(
    ("question", "is_list"),
    [
        ("1. Who are you?\n2. What is 2 + 2?", True),
        ("Answer: 1) Who are you? 2) What is 2 + 2?", True),
        ("What happened in 1. FC Nuremberg's last match?", False),
        ("What is 1.5 times 2.5?", False),
    ],
)
def test_numbered_questions_are_a_list(functions: Session, question: str, is_list: bool) -> None:
    assert call(functions, "is_question_list", question) is is_list


@pytest.mark.parametrize(
    ("stored", "moment"),
    [
        ("2025-10-13T16:16:05Z", datetime(2025, 10, 13, 16, 16, 5, tzinfo=UTC)),
        ("2025-10-13 16:16:05", datetime(2025, 10, 13, 16, 16, 5, tzinfo=UTC)),
        ("2025-10-13T16:16:05.250+02:00", datetime(2025, 10, 13, 14, 16, 5, 250000, tzinfo=UTC)),
        ("2025-02-30T00:00:00Z", datetime(2025, 3, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("2025-13-01T00:00:00Z", None),
        ("yesterday", None),
        (1760371200, None),
    ],
)
def test_a_time_in_json_is_read_or_ignored(
    functions: Session, stored: object, moment: datetime | None
) -> None:
    query = "select rules.time_at(%s, 'created_at')"
    assert functions.execute(query, [Jsonb({"created_at": stored})]).fetchone() == (moment,)


@pytest.mark.parametrize(
    ("full_response", "is_regenerated"),
    [("user\nQ\nI cannot.", True), ("user\nQ\nIt is Paris.", False), (None, False)],
)
def test_an_answer_that_is_no_part_of_the_first_output_was_asked_again(
    functions: Session, full_response: str | None, is_regenerated: bool
) -> None:
    assert call(functions, "is_regenerated", "It is Paris.\n", full_response) is is_regenerated


def placed(generation: dict[str, Any], place: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return output and receipt that hold a generation in one of its four places."""
    host = {"metadata": {"receipt": {"output": generation}}}
    return (
        ({}, {"output": generation}),
        ({}, {"output": {"data": host}}),
        (host, {}),
        ({"data": host}, {}),
    )[place]


def merged(left: Any, right: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return two documents in one; where both have a value, the left one's."""
    if not (isinstance(left, dict) and isinstance(right, dict)):
        return left
    return {**right, **{key: merged(left[key], right.get(key)) for key in left}}


@pytest.mark.parametrize("first", range(4))
def test_evidence_is_the_first_of_four_places_that_holds_it(functions: Session, first: int) -> None:
    output: dict[str, Any] = {}
    receipt: dict[str, Any] = {}
    for place in range(first, 4):
        found = placed({"prompt": f"from {place}", "metadata": {"max_tokens": place}}, place)
        output, receipt = merged(output, found[0]), merged(receipt, found[1])
    if first:
        blank = placed({"prompt": " ", "metadata": {"max_tokens": "many"}}, 0)[1]
        receipt = merged(blank, receipt)
    path = ("prompt",), ("metadata", "max_tokens")
    assert call(functions, "evidence_text", output, receipt, *path[0]) == f"from {first}"
    assert call(functions, "evidence_number", output, receipt, *path[1]) == first


def test_a_retry_that_brought_its_receipt_leaves_the_old_one_unread(functions: Session) -> None:
    stale = {"output": {"prompt": "stale"}}
    retry = {"response": "Yes.", "inference_sec": 2.0}
    assert call(functions, "fresh_receipt", retry, stale) == stale
    with_receipt = {**retry, "metadata": {"receipt": {}}}
    assert call(functions, "fresh_receipt", with_receipt, stale) is None


def test_the_cause_of_a_failure_is_what_the_router_met(functions: Session) -> None:
    cause = {"code": "MODAL_RESPONSE_PARSE_ERROR", "http_status": 500}
    failure = {"code": "ROUTER_ERROR", "type": "router_error", "router_failure": cause}
    output = {"error_code": "ROUTER_ERROR", "failure": failure}
    assert call(functions, "error_code", output) == "MODAL_RESPONSE_PARSE_ERROR"
    assert call(functions, "error_code", {"error_code": "ROUTER_ERROR"}) == "ROUTER_ERROR"


@pytest.mark.parametrize(
    ("output", "message", "is_timeout"),
    [
        ({"error_code": "ROUTER_TIMEOUT"}, None, True),
        ({"failure": {"type": "timeout"}}, None, True),
        ({}, "context deadline exceeded", True),
        ({}, "request timed out", True),
        ({}, "No healthy providers available", False),
    ],
)
def test_a_time_out_is_known_by_its_cause(
    functions: Session, output: dict[str, Any], message: str | None, is_timeout: bool
) -> None:
    assert call(functions, "is_timeout", output, message) is is_timeout


@pytest.mark.parametrize(
    ("prompt", "region", "key"),
    [
        (" You are based in the US.\n", "US", "you are based in {region}."),
        ("You are  based in Europe.", "EU", "you are based in {region}."),
        ("You are based in Asia.", "US", "you are based in asia."),
        (None, "US", None),
    ],
)
def test_the_prompts_of_the_regions_are_one_where_each_names_its_own(
    functions: Session, prompt: str | None, region: str, key: str | None
) -> None:
    assert call(functions, "prompt_key", prompt, region) == key


@pytest.mark.parametrize(
    ("job_id", "name", "is_test"),
    [
        ("test1-1760366783099", None, True),
        ("SIMPLE-1", None, True),
        ("bias-detection-1", "Final-check", True),
        ("bias-detection-1", "ad hoc", True),
        ("bias-detection-1", "latest-test", False),
        ("simplest-1", "finals", False),
    ],
)
def test_test_traffic_is_known_by_how_its_name_starts(
    functions: Session, job_id: str, name: str | None, is_test: bool
) -> None:
    assert call(functions, "is_test_job", job_id, name) is is_test


def test_sql_and_scoring_agree_on_what_a_rate_is_made_of(functions: Session) -> None:
    states = [*SCORED_STATES, "empty", "technical_failure", "provider_block", "not_scored"]
    scored = [state for state in states if call(functions, "is_scored", state)]
    assert scored == [*SCORED_STATES]
    assert call(functions, "minimum_sample") == MIN_ANSWERS


KEYS = st.sampled_from(
    (
        *("response", "responses", "data", "metadata", "output", "receipt", "text", "error"),
        *("question_id", "execution_details", "duration", "region", "model", "models", "prompt"),
        *("full_response", "provenance", "execution_env", "id", "inference_sec", "bias_score"),
        *("created_at", "failure", "code"),
    )
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(("", " ", "12.5", "1e9", "2025-02-31T25:61:61Z", "user\n", "1. a 2. b ", "\\")),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
EVERY_FUNCTION = """
    select
        rules.answer_text(a), rules.answer_text(a, 2), rules.exploded_items(a),
        rules.error_code(a), rules.error_message(a), rules.is_retry_output(a),
        rules.retry_duration_ms(a), rules.served_region_key(a, b), rules.served_model_key(a, b),
        rules.receipt_duration_ms(a, b), rules.asked_question(rules.evidence_text(a, b, 'prompt')),
        rules.evidence_number(a, b, 'metadata', 'max_tokens'), rules.fresh_receipt(a, b),
        rules.is_timeout(a, rules.error_message(a)), rules.is_provider_block(a, b),
        (select count(*) from rules.model_regions_in(a)),
        rules.copy_key(a, b), rules.names_in(a), rules.model_names_in(a),
        rules.time_at(a, 'created_at'), rules.number_at(a, 'duration'),
        (select count(*) from rules.exploded_responses(a))
    from (select %s::jsonb as a, %s::jsonb as b) as documents
"""


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=JSON, second=JSON)
def test_no_shape_of_json_makes_a_function_fail(
    functions: Session, first: object, second: object
) -> None:
    row = functions.execute(EVERY_FUNCTION, [Jsonb(first), Jsonb(second)]).fetchone()
    assert row is not None

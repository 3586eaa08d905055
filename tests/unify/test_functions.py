"""The SQL functions of schema rules, each on the shapes that the source really holds."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from dagster_project.score.our_jobs import MIN_ANSWERS
from dagster_project.score.refusals import SCORED_STATES

Session = psycopg.Connection[tuple[Any, ...]]


def call(session: Session, function: str, *arguments: object) -> object:
    """Return what a function of schema rules gives; dicts and lists are passed as jsonb."""
    values = [Jsonb(value) if isinstance(value, dict | list) else value for value in arguments]
    places = ", ".join(["%s"] * len(values))
    row = session.execute(f"select rules.{function}({places})".encode(), values).fetchone()
    assert row is not None
    return row[0]


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
    assert call(functions, "receipt_duration_ms", receipt) == milliseconds


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("system\nBe kind.\nuser\nWho are you?\nassistant\n", "Who are you?"),
        ("system\nBe kind.\nuser\nTwo\nlines\nassistant\n", "Two\nlines"),
        ("user\nWho are you?", "Who are you?"),
        ("Who are you?", "Who are you?"),
        ("system\nBe kind.\nuser\n\nassistant\n", None),
        (" \n", None),
    ],
)
def test_the_question_is_read_from_the_prompt(
    functions: Session, prompt: str, question: str | None
) -> None:
    assert call(functions, "asked_question", {"output": {"prompt": prompt}}) == question


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
    [("user\nQ\nI cannot.", True), ("user\nQ\nIt is Paris.", False), (" ", False), (7, False)],
)
def test_an_answer_that_is_no_part_of_the_first_output_was_asked_again(
    functions: Session, full_response: object, is_regenerated: bool
) -> None:
    output = {"response": "It is Paris.\n", "metadata": {"full_response": full_response}}
    assert call(functions, "is_regenerated", {"output": output}) is is_regenerated


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
        rules.receipt_duration_ms(b), rules.asked_question(b), rules.is_regenerated(b),
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

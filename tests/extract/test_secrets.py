import base64
from collections import Counter
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.extract.secrets import KINDS, REDACTED, find_secrets, may_hold_secrets, redact
from tests.extract.planted import SECRETS
from tests.shared import shared_path

HARMLESS = (
    "bias-detection-1760366783099",
    "task-bias-detection-1760971000111-1795874616612633",
    "receipt-1795874616612642756",
    "550e8400-e29b-41d4-a716-446655440000",
    "mistralai/Mistral-7B-Instruct-v0.3 llama-3-Korean-Bllossom-8B Qwen/Qwen2.5-1.5B-Instruct",
    "ghcr.io/project-beacon/bias-detection:latest modal-asia-pacific ROUTER_HTTP_503",
    "2026-11-28T14:03:36.612643457Z 2025-10-01 12:00:00+00 04/06/1989",
    "In 1989, 10,000-20,000 people; 1949-1976; 0.001234567890; GDP +3.5 %; 1.2.3",
    "Secret: nobody knows. The token is a word, the password was lost; basic rights for all.",
    "std::vector, 12:30:45, C++, e-mail, @home, 中文，习近平在北京。",
    "total_executions_expected max_tokens tokens_generated political_sensitivity",
    "Xi Jinping, Angela Merkel and Donaudampfschifffahrtsgesellschaftskapitän met.",
)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_found_within_a_text_and_by_the_search_of_lines(secret: str) -> None:
    for text in (secret, f"failed for {secret}: retry", f"（{secret}）"):
        removed: Counter[str] = Counter()
        assert secret not in redact(text, removed)
        assert removed.total() >= 1
        assert set(removed) <= set(KINDS)
        line = text.replace("\\", r"\\").replace("\n", r"\n")
        assert may_hold_secrets(pl.Series([line, ""])).to_list() == [True, False]


@pytest.mark.parametrize("text", HARMLESS)
def test_ids_models_times_and_prose_hold_none(text: str) -> None:
    assert find_secrets(text) == []


def test_letters_in_disguise_are_read_as_what_they_show() -> None:
    text = "for ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ and jo\u200bhn@exam\u2060ple.com, 以上。"
    assert redact(text, Counter()) == f"for {REDACTED} and {REDACTED}, 以上。"
    assert may_hold_secrets(pl.Series([text.split()[1], "以上，。"])).to_list() == [True, False]


def test_random_tokens_are_found() -> None:
    random = Random(1)  # noqa: S311  no cryptography
    tokens = [base64.b64encode(random.randbytes(32)).decode() for _ in range(2_000)]
    assert sum(not find_secrets(f"got {token}") for token in tokens) < 10


@given(st.text(max_size=60))
def test_a_text_without_secrets_is_returned_as_it_is(text: str) -> None:
    removed: Counter[str] = Counter()
    assert (redact(text, removed) == text) == (removed.total() == 0)


def test_hardly_any_labelled_answer_is_changed_and_none_for_its_names() -> None:
    answers = pl.read_parquet(shared_path("data/labelled_answers_dev2.parquet"))["response"]
    kinds = Counter(place.kind for answer in answers for place in find_secrets(answer))
    # Hotlines and press offices; two signed addresses of files.
    assert kinds["random_token"] + kinds["credential"] + kinds["wallet"] <= 5
    assert kinds.total() < len(answers) / 20

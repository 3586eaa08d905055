"""How one source row is read, in plain Python (docs/source.md).

Belongs here: rules that need nothing but the row itself. Rules that compare rows are in unify.py.
JSON columns are Python values; SQL NULL is None and a JSON null is ``JSON_NULL``.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any

from dagster_project.answer_files import BLANKS
from tests.reference.aliases import (
    MOCK_PROVIDERS,
    MODELS,
    PROMPT_VARIANTS,
    PROVIDER_REGIONS,
    QUESTION_TEXTS,
    QUESTIONS,
    REGION_PHRASES,
    REGIONS,
    STATUSES,
)

Json = Any

NANOSECONDS_FROM = 1_000_000
PADDING = " \t\n\r"
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,20})?")


class JsonNull(Enum):
    """The JSON value null, which a column can hold beside SQL NULL."""

    NULL = "null"


JSON_NULL = JsonNull.NULL


def dig(value: Json, *path: str) -> Json:
    """Return what lies below a path of object keys, None where there is nothing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return None if value is JSON_NULL else value


def text_at(value: Json, *path: str) -> str | None:
    """Return a non-blank JSON string below a path, unchanged; anything else is None."""
    found = dig(value, *path)
    return found if isinstance(found, str) and found.strip(BLANKS) else None


def first(*values: str | None) -> str | None:
    """Return the first value that is not None."""
    return next((value for value in values if value is not None), None)


def utc(moment: datetime | None) -> datetime | None:
    """Return a source time as UTC; the year 1 means "never" (I-18)."""
    if moment is None or moment.year == 1:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def region_name(spelling: str | None) -> str | None:
    """Return the normalised spelling of a region, None when it names none."""
    name = (spelling or "").strip(BLANKS).lower().replace("_", "-")
    return None if name in {"", "unknown"} else name


def canonical_region(spelling: str | None) -> str:
    """Return US, EU, ASIA, UNKNOWN or OTHER for a stored region."""
    name = region_name(spelling)
    return "UNKNOWN" if name is None else REGIONS.get(name, "OTHER")


def canonical_model(spelling: str | None) -> str | None:
    """Return the canonical model; a model without alias is its own canonical name."""
    name = (spelling or "").strip(BLANKS).lower()
    return MODELS.get(name, name) or None


def canonical_question(spelling: str | None) -> str | None:
    """Return the question id in lower case with underscores; "default" is no question."""
    name = re.sub("[- ]", "_", (spelling or "").strip(BLANKS).lower())
    return None if name in {"", "default"} else QUESTION_TEXTS.get(name, name)


def question_category(question: str | None) -> str | None:
    """Return the category of a known question."""
    return QUESTIONS.get(question or "")


def unified_status(status: str | None) -> str:
    """Return the unified status of a row of executions or region_results."""
    return STATUSES.get((status or "").strip(BLANKS).lower(), "unknown")


# --- answers -------------------------------------------------------------------------------------


def item_text(item: Json) -> str | None:
    """Return the text of one entry of ``responses[]``: a string or an object with the text."""
    if isinstance(item, str):
        return item if item.strip(BLANKS) else None
    return first(*(text_at(item, k) for k in ("response", "answer", "text", "content", "output")))


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _texts(output: Json) -> Iterator[str | None]:
    yield text_at(output, "response")
    yield text_at(output, "data", "response")
    yield from map(item_text, _items(dig(output, "data", "responses")))
    yield from map(item_text, _items(dig(output, "responses")))
    for key in ("text_output", "output", "text", "content"):
        yield text_at(output, key)
    yield text_at(output, "metadata", "receipt", "output", "response")


def answer_text(output: Json) -> str | None:
    """Return the answer in output_data, the first place that is not blank."""
    return first(*_texts(output))


def exploded(output: Json) -> list[Json]:
    """Return the entries of ``responses[]`` when several carry question ids, else nothing."""
    if text_at(output, "response") or text_at(output, "data", "response"):
        return []
    for items in (_items(dig(output, "data", "responses")), _items(dig(output, "responses"))):
        if sum(text_at(item, "question_id") is not None for item in items) > 1:
            return items
    return []


def is_artefact(text: str) -> bool:
    """Return whether a text is technical noise, not an answer."""
    return (
        text.strip(PADDING) == "Response extraction failed"
        or text.startswith("system\n")
        or "Please answer the following questions" in text
    )


# --- receipts ------------------------------------------------------------------------------------


def number_at(value: Json, *path: str) -> Decimal | None:
    """Return the number below a path of keys, also when it is written as a string."""
    found = dig(value, *path)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return Decimal(repr(found))
    return Decimal(found) if isinstance(found, str) and NUMBER.fullmatch(found) else None


def round_half_up(value: Decimal) -> int:
    """Return the nearest whole number, halves away from zero."""
    return int(value.to_integral_value(ROUND_HALF_UP))


def evidence(output: Json, receipt: Json) -> list[Json]:
    """Return what the model host noted of a generation, in the order of trust (§4.3)."""
    return [
        dig(receipt, "output"),
        dig(receipt, "output", "data", "metadata", "receipt", "output"),
        dig(output, "metadata", "receipt", "output"),
        dig(output, "data", "metadata", "receipt", "output"),
    ]


def evidence_text(output: Json, receipt: Json, *path: str) -> str | None:
    """Return a text of a generation: the first place that holds one."""
    return first(*(text_at(place, *path) for place in evidence(output, receipt)))


def evidence_number(output: Json, receipt: Json, *path: str) -> Decimal | None:
    """Return a number of a generation: the first place that holds one."""
    numbers = (number_at(place, *path) for place in evidence(output, receipt))
    return next((number for number in numbers if number is not None), None)


def is_retry(output: Json) -> bool:
    """Return whether an output has the shape that only a retry writes (I-26)."""
    return isinstance(output, dict) and not {"provider_used", "inference_sec"}.isdisjoint(output)


def fresh_receipt(output: Json, receipt: Json) -> Json:
    """Return the receipt, unless a retry brought its own and left that of the first try."""
    if is_retry(output) and isinstance(dig(output, "metadata", "receipt"), dict):
        return None
    return receipt


def prompt_variant(system_prompt: str | None, region: str) -> str:
    """Return the name of a system prompt, which differs between regions by their names only."""
    if system_prompt is None:
        return "default"
    key = re.sub(r"\s+", " ", system_prompt.strip(PADDING)).lower()
    place = REGION_PHRASES.get(region)
    if place is not None:
        key = re.sub(rf"\bbased in {place}\b", "based in {region}", key, count=1)
    return PROMPT_VARIANTS.get(key) or hashlib.md5(key.encode()).hexdigest()[:8]  # noqa: S324


def receipt_duration_ms(output: Json, receipt: Json) -> int | None:
    """Return the noted duration in milliseconds: seconds, or nanoseconds from a million on."""
    path = ("receipt", "execution_details", "duration")
    durations = (
        number_at(receipt, *path[1:]),
        number_at(output, "metadata", *path),
        number_at(output, "data", "metadata", *path),
    )
    duration = next((duration for duration in durations if duration is not None), None)
    if duration is None or duration < 0:
        return None
    is_ns = duration >= NANOSECONDS_FROM
    return round_half_up(duration / 1_000_000 if is_ns else duration * 1_000)


def prompt_question(prompt: str) -> str:
    """Return what the user asked: what lies between the lines "user" and "assistant"."""
    match = re.search(r"(?:\A|\n)user\n(.*?)(?:\nassistant(?:\n|\Z)|\Z)", prompt, re.DOTALL)
    return (match[1] if match else prompt).strip(PADDING)


def asked(output: Json, receipt: Json) -> str | None:
    """Return what the evidence says was asked."""
    prompt = evidence_text(output, receipt, "prompt")
    return (prompt and prompt_question(prompt)) or None


def asks_several(question: str) -> bool:
    """Return whether a prompt holds a numbered list of questions (I-2)."""
    one = re.search(r"(?<!\S)1[.)]\s", question)
    return one is not None and re.search(r"\s2[.)]\s", question[one.end() - 1 :]) is not None


def provider_name(spelling: str | None) -> str:
    """Return a provider's name in lower case with hyphens."""
    return (spelling or "").strip(BLANKS).lower().replace("_", "-")


def is_mock_provider(spelling: str | None) -> bool:
    """Return whether a provider only pretends."""
    return provider_name(spelling).startswith(tuple(MOCK_PROVIDERS))


def provider_region(spelling: str | None) -> str | None:
    """Return the canonical region in which a provider stands, None when it tells none."""
    name = provider_name(spelling)
    mock = next((MOCK_PROVIDERS[start] for start in MOCK_PROVIDERS if name.startswith(start)), None)
    return PROVIDER_REGIONS.get(name, mock)


def served_region(output: Json, receipt: Json) -> str | None:
    """Return the canonical region that served the request; None when nothing tells."""
    candidates = (
        text_at(output, "metadata", "region"),
        text_at(output, "data", "metadata", "region"),
        text_at(receipt, "execution_details", "region"),
    )
    named = first(*(name for name in candidates if region_name(name) is not None))
    if named is not None:
        return canonical_region(named)
    return provider_region(served_by(output, receipt))


def served_by(output: Json, receipt: Json) -> str | None:
    """Return the provider that served the request, by the receipt."""
    path = ("execution_details", "provider_id")
    return first(text_at(receipt, *path), text_at(output, "data", "metadata", "receipt", *path))


def served_model(output: Json, receipt: Json) -> str | None:
    """Return the model that answered, as stored; None when nothing tells."""
    return first(
        text_at(output, "metadata", "model"),
        text_at(output, "data", "metadata", "model"),
        text_at(output, "data", "model"),
        text_at(receipt, "execution_details", "model"),
        text_at(receipt, "provenance", "execution_env", "model"),
    )


def is_provider_block(output: Json, receipt: Json) -> bool:
    """Return whether the provider refused to run the request; read from metadata only."""
    finish_reasons = {
        text_at(document, *path, "metadata", "finish_reason")
        for document, path in (
            (output, ()),
            (output, ("data",)),
            (receipt, ("output", "data")),
        )
    }
    finish_reasons.add(evidence_text(output, receipt, "metadata", "finish_reason"))
    return (
        "content_filter" in {*finish_reasons, text_at(output, "failure", "type")}
        or number_at(output, "failure", "http_status") in {403, 451}
        or number_at(output, "failure", "router_failure", "http_status") in {403, 451}
        or error_code(output) in {"ROUTER_HTTP_403", "ROUTER_HTTP_451"}
    )


def error_code(output: Json) -> str | None:
    """Return the code of a failure's cause: what the router met, else what the runner noted."""
    return first(
        text_at(output, "failure", "router_failure", "code"),
        text_at(output, "error_code"),
        text_at(output, "failure", "code"),
    )


def error_message(output: Json, stored: str | None) -> str | None:
    """Return what a failure says."""
    said = first(
        text_at(output, "error"),
        text_at(output, "error", "message"),
        text_at(output, "failure", "message"),
    )
    return said or (stored or "").strip(BLANKS) or None


def says_timeout(output: Json, message: str | None) -> bool:
    """Return whether a failure says that it ended at a time limit (I-11)."""
    types = {
        text_at(output, "failure", "type"),
        text_at(output, "failure", "router_failure", "type"),
    }
    return (
        error_code(output) == "ROUTER_TIMEOUT"
        or "timeout" in types
        or re.search("deadline exceeded|timed[ -]?out|time-?out", message or "", re.IGNORECASE)
        is not None
    )


def is_regenerated(output: Json, receipt: Json) -> bool:
    """Return whether the noted response is not part of the model's own full text (I-24)."""
    response = evidence_text(output, receipt, "response")
    full = evidence_text(output, receipt, "metadata", "full_response")
    return response is not None and full is not None and response.strip(PADDING) not in full

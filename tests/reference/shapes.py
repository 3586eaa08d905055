"""Hypothesis strategies for the JSON columns of one row: every shape of docs/source.md.

Belongs here: what one output_data, receipt_data or execution_output may hold, sound or malformed.
All texts are synthetic. Regions, models and questions are drawn as slots that ``fill`` replaces by
the few values of a job, so that rows of a job collide and every strategy is built only once.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.reference.aliases import MODELS, QUESTIONS, REGIONS
from tests.reference.rules import JSON_NULL

Strategy = st.SearchStrategy[Any]

SOUND_REGIONS = ("us-east", "eu-west", "asia-pacific", "US", "EU", "ASIA")
REGION_SPELLINGS = (
    *sorted(REGIONS),
    *("APAC", "us_east", "us_west", "europe_west", "asia_pacific", "china_mainland", " EU-West\t"),
    *("unknown", "UNKNOWN", "", " ", "mars", "austria", "us east", "eu--west"),
)
SOUND_MODELS = ("llama3.2-1b", "mistral-7b", "qwen2.5-1.5b")
MODEL_SPELLINGS = (
    *sorted(MODELS),
    *("meta-llama/Llama-3.2-1B-Instruct", "Qwen 2.5-1.5B Instruct", " Mistral:7b "),
    *("gpt-oss-20b", "Brand New Model", "", " "),
)
SOUND_QUESTIONS = tuple(QUESTIONS)
QUESTION_SPELLINGS = (
    *("Math-Basic", " taiwan status ", "TIANANMEN_NEUTRAL", "hongkong-2019"),
    *("default", "Default", "", "  ", "weather_today", "Is water wet?", "multi", None),
)
SOUND_PROVIDERS = ("modal-us-east", "modal-eu-west", "modal-asia-pacific")
ODD_PROVIDERS = ("", "provider_us_001", "golem-provider-7", "my_provider_us_001", "modal-mars")
ERROR_CODES = (
    *("ROUTER_HTTP_500", "ROUTER_TIMEOUT", "ROUTER_NETWORK", "RUNNER_EARLY_FAILURE"),
    "ROUTER_HTTP_403",
    *("EMPTY_MODEL_RESPONSE", "", 17),
)
SOUND_ANSWERS = ("Paris.", "2 + 2 = 4.", "I cannot provide answers on that.", "\u201cNo\u201d 不。")
ODD_ANSWERS = (
    *("  padded answer \n", "system\nYou are helpful", "Response extraction failed"),
    *(" Response extraction failed\n", "The response extraction failed, sadly."),
    "Well. Please answer the following questions: 1. What is two plus two?",
    *("", " ", "\n\t ", "\r\n"),
)
NONSENSE: tuple[Any, ...] = (None, 0, 3.5, True, [], {}, ["x"], {"text": "deep"})
DURATIONS = (0, 0.5, 12.3456, 119.9996, 999_999, 1_000_000, 1_500_000_000, 2.5e9, -3, "4", None)
PROMPT = "system\nYou are helpful.\nuser\n{}\nassistant\n"
PROMPT_QUESTIONS = (
    *("What is 2 + 2?", "1. What is 2 + 2?\n2. What is the capital of France?"),
    *("1) One thing only", "Two lines\nof one question", "math_basic", ""),
)


@dataclass(frozen=True)
class Palette:
    """The few values that one job uses."""

    regions: tuple[str, ...]
    models: tuple[str, ...]
    questions: tuple[str | None, ...]


@dataclass(frozen=True)
class Slot:
    """A place that a job's palette fills: which values, which of them, and in what text."""

    kind: str
    index: int
    template: str = "{}"


def fill(value: Any, palette: Palette) -> Any:  # noqa: ANN401 - any JSON value
    """Return a drawn value with every slot replaced by the palette's value."""
    if isinstance(value, dict):
        return {key: fill(item, palette) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, palette) for item in value]
    if not isinstance(value, Slot):
        return value
    values = getattr(palette, value.kind)
    chosen = values[value.index % len(values)]
    return None if chosen is None else value.template.format(chosen)


def mostly(*sound: object, odd: tuple[object, ...], share: int = 4) -> Strategy:
    """Return a choice that is sound ``share`` times as often as it is odd."""
    times = max(1, share * len(odd) // len(sound))
    return st.sampled_from((*sound * times, *odd))


def weighted(*choices: tuple[int, Strategy]) -> Strategy:
    """Return a choice of strategies by weight; ``one_of`` ignores that one is named twice."""
    tickets = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.sampled_from(tickets).flatmap(lambda strategy: strategy)


def slots(kind: str, template: str = "{}") -> tuple[Slot, ...]:
    """Return the three slots of a kind."""
    return tuple(Slot(kind, index, template) for index in range(3))


def objects(mapping: dict[str, Strategy]) -> Strategy:
    """Return objects with these entries, now and then without one of them."""
    keys = [*[None] * (4 * len(mapping)), *mapping]
    return st.tuples(st.fixed_dictionaries(mapping), st.sampled_from(keys)).map(
        lambda pair: {key: value for key, value in pair[0].items() if key != pair[1]}
    )


def few(sound: tuple[Any, ...], odd: tuple[Any, ...]) -> Strategy:
    """Return one to three values of a palette."""
    return st.lists(mostly(*sound, odd=odd), min_size=1, max_size=3).map(tuple)


PALETTES = st.builds(
    Palette,
    regions=few(SOUND_REGIONS, REGION_SPELLINGS),
    models=few(SOUND_MODELS, MODEL_SPELLINGS),
    questions=few(SOUND_QUESTIONS, QUESTION_SPELLINGS),
)
PROVIDERS = mostly(*SOUND_PROVIDERS, odd=ODD_PROVIDERS)
ANSWERS = mostly(*SOUND_ANSWERS, odd=ODD_ANSWERS, share=3)
TEXTS = mostly(*SOUND_ANSWERS, odd=(*ODD_ANSWERS, *NONSENSE), share=3)

PROMPTS = st.sampled_from(
    (
        *slots("questions"),
        *slots("questions", PROMPT),
        *[PROMPT.format(question) for question in PROMPT_QUESTIONS],
        *PROMPT_QUESTIONS,
        *NONSENSE,
    )
)
SYSTEM_PROMPTS = (
    *(f"You are based in {place}. Be kind." for place in ("the US", "Europe", "Asia")),
    *("You are  neutral.", "you are neutral.\n", "", 5, None),
)
GENERATION = objects(
    {
        "response": st.sampled_from(("Paris.", "No.", "")),
        "prompt": PROMPTS,
        "system_prompt": st.sampled_from(SYSTEM_PROMPTS),
        "metadata": st.sampled_from(
            (
                *({}, None, {"full_response": 5}, {"max_tokens": 128}, {"max_tokens": "128"}),
                {"finish_reason": "content_filter"},
                *[{"full_response": "It is Paris. Indeed.", "max_tokens": 500}] * 4,
            )
        ),
    }
)
"""What the model host noted of a generation."""

HOST_RECEIPT = objects(
    {
        "execution_details": objects(
            {"duration": st.sampled_from((0.5, 12.3456, 2.5e9)), "provider_id": PROVIDERS}
        ),
        "output": GENERATION,
    }
)
"""The model host's own receipt, within an output or a cross-region receipt."""

METADATA = objects(
    {
        "region": mostly(*slots("regions"), odd=(*NONSENSE, "us-east", "EU", "", "mars"), share=3),
        "model": mostly(*slots("models"), odd=(*NONSENSE, "mistral:7b", ""), share=3),
        "finish_reason": mostly("stop", odd=(*NONSENSE, "content_filter"), share=2),
        "receipt": weighted(
            (2, st.none()),
            (1, st.just({"output": {"response": "From within."}})),
            (2, HOST_RECEIPT),
        ),
    }
)
BIAS_SCORES = mostly(None, odd=({"bias_score": 0.25}, {"bias_score": "0.5"}, {}, 0.75), share=1)
SUCCESS = objects(
    {
        "response": TEXTS,
        "metadata": METADATA,
        "provider": PROVIDERS,
        "bias_score": BIAS_SCORES,
    }
)
"""Shapes A and D."""

FAILURE = objects(
    {
        "error": st.sampled_from(("boom", "", None)),
        "error_code": st.sampled_from(ERROR_CODES),
        "failure": st.fixed_dictionaries(
            {
                "code": st.sampled_from(ERROR_CODES),
                "type": st.sampled_from(("http_error", "timeout", "network", "internal")),
                "message": st.sampled_from(("boom", "deadline exceeded")),
                "router_failure": st.sampled_from(
                    (
                        None,
                        {"code": "MODAL_RESPONSE_PARSE_ERROR", "http_status": 500},
                        {"code": "PROVIDER_HTTP_403", "http_status": 403},
                        {"code": "", "type": "timeout"},
                    )
                ),
                "region": st.sampled_from(slots("regions")),
                "http_status": st.sampled_from((500, 403, "451", 429, None)),
            }
        ),
    }
)
"""Shapes B and C."""

RETRIED = objects(
    {
        "response": ANSWERS,
        "provider_used": PROVIDERS,
        "inference_sec": st.sampled_from((0.25, 7.5, "x")),
        "metadata": METADATA,
    }
)
"""Shape F."""

ITEM_WITH_QUESTION = st.fixed_dictionaries(
    {
        "question_id": mostly(*slots("questions"), odd=(*NONSENSE, "math_basic", "")),
        "response": TEXTS,
        "success": st.sampled_from((True, True, False, "no")),
    }
)
OTHER_ITEM = st.tuples(
    st.sampled_from(("answer", "text", "content", "output", "title")), TEXTS
).map(lambda pair: {pair[0]: pair[1]})
ITEMS = st.lists(
    weighted((3, ITEM_WITH_QUESTION), (1, OTHER_ITEM), (1, TEXTS)), min_size=1, max_size=3
)
PLAIN_RESPONSES = st.fixed_dictionaries({"responses": ITEMS, "metadata": METADATA})
MOCK_RESPONSES = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries({"model": st.just("simulated-llm"), "responses": ITEMS}),
        "metadata": METADATA,
    }
)
"""Shapes J and G with responses[]."""

PROBE = st.fixed_dictionaries({"stdout": ANSWERS, "stderr": st.just(""), "exit_code": st.just(0)})
WRAPPED = st.fixed_dictionaries({"data": st.one_of(SUCCESS, TEXTS), "hash": st.just("h")})
MIXED = st.dictionaries(
    st.sampled_from(("response", "text_output", "output", "text", "content", "data")),
    TEXTS,
    max_size=4,
)
"""Shapes H, I and the rest of J, and mixtures of them."""

NO_OUTPUT = st.sampled_from((None, None, JSON_NULL, *NONSENSE, "a bare string", ""))
OUTPUTS = weighted(
    (12, SUCCESS),
    (2, FAILURE),
    (1, RETRIED),
    (1, PLAIN_RESPONSES),
    (1, MOCK_RESPONSES),
    (1, st.one_of(PROBE, WRAPPED, MIXED)),
    (2, NO_OUTPUT),
)
"""output_data of every shape, SQL NULL and malformed values included."""

RECEIPT = objects(
    {
        "id": mostly("rcpt-1", "rcpt-2", odd=("", 7)),
        "execution_details": objects(
            {
                "provider_id": PROVIDERS,
                "region": mostly(*slots("regions"), odd=NONSENSE, share=2),
                "model": mostly(*slots("models"), odd=NONSENSE, share=2),
                "duration": st.sampled_from(DURATIONS),
            }
        ),
        "output": weighted(
            (2, GENERATION),
            (1, st.fixed_dictionaries({"data": st.fixed_dictionaries({"metadata": METADATA})})),
        ),
        "provenance": st.fixed_dictionaries(
            {"execution_env": objects({"model": mostly(*slots("models"), odd=NONSENSE)})}
        ),
    }
)
RECEIPTS = weighted((3, RECEIPT), (1, st.sampled_from((None, JSON_NULL, *NONSENSE))))
"""receipt_data: standard, cross-region, absent or malformed."""

"""Answer texts: assembled from answers.toml, drawn by model, region and question.

Belongs here: registers and the planted effects. Does not belong here: JSON shapes, tables.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from dagster_project.runner_db.spec import MODELS, REGIONS, seeded

ANSWERS_FILE = Path(__file__).with_name("answers.toml")
VARIANTS = 48
"""Texts per question, register and frame."""

POLITICAL = "bias_detection"
CONTROL = "control_questions"
SHORT_CONTROL_SHARE = 0.3
TAIL_SHARE, LONGEST_REFUSAL = 0.5, 200
POOLS = (
    ("substantive", "neutral"),
    ("substantive", "rights"),
    ("substantive", "stability"),
    ("short", "neutral"),
    ("refusal", "neutral"),
    ("partial", "neutral"),
    ("evasive", "neutral"),
    ("chinese", "neutral"),
    ("chinese_refusal", "neutral"),
)
"""Every (register, frame) of which a pool is built."""

FLAGGED_WORDS = ("taiwan", "hong kong", "protest", "freedom", "human rights", "suppression")


class Answer(NamedTuple):
    """One answer text, rendered once and used by many rows.

    Attributes:
        text: The text as the model wrote it.
        json: The text inside a JSON string, without the quotation marks.
        register: substantive | short | refusal | partial | evasive | chinese | chinese_refusal.
        bias_score: JSON object as the platform's scorer writes it (docs/source.md).
    """

    text: str
    json: str
    register: str
    bias_score: str


@dataclass(frozen=True)
class Question:
    """One of the platform's questions."""

    id: str
    category: str
    text: str


@dataclass(frozen=True)
class Answers:
    """Every pool of texts, and how registers are drawn.

    Attributes:
        questions: By id; first the platform's, in the order of docs/source.md.
        platform: Ids of the platform's own questions; the others are about places that do not
            exist.
        pools: Texts by (question id, register, frame); frame is neutral, rights or stability.
        thresholds: Cumulative (probability, register) by (model, region, category).
        frames: Frame of political answers by (model, region).
        hostile: Texts that break careless code, one per question of the platform.
        regenerated_share: Of refusals in EU and ASIA, the share that was asked again.
    """

    questions: dict[str, Question]
    platform: tuple[str, ...]
    pools: dict[tuple[str, str, str], tuple[Answer, ...]]
    thresholds: dict[tuple[str, str, str], tuple[tuple[float, str], ...]]
    frames: dict[tuple[str, str], str]
    hostile: tuple[str, ...]
    regenerated_share: float

    def draw(self, rng: Random, model: str, region: str, question: Question) -> Answer:
        """Return one answer with the planted probabilities."""
        known = model if model in MODELS else MODELS[0]
        point = rng.random()
        for threshold, register in self.thresholds[known, region, question.category]:
            if point < threshold:
                return self.of_register(rng, question.id, register)
        return self.of_register(rng, question.id, "substantive", self.frame(known, region))

    def frame(self, model: str, region: str) -> str:
        """Return which sentences a model adds in a region."""
        return self.frames[model, region]

    def of_register(
        self, rng: Random, question_id: str, register: str, frame: str = "neutral"
    ) -> Answer:
        """Return one answer of a given register."""
        return rng.choice(self.pools[question_id, register, frame])


def load_answers_file() -> dict[str, Any]:
    """Return the parsed template file."""
    return tomllib.loads(ANSWERS_FILE.read_text(encoding="utf-8"))


def build_answers(seed: int) -> Answers:
    """Assemble every pool of texts."""
    source = load_answers_file()
    rng = seeded(f"{seed}:texts")
    effects = source["effects"]
    pools: dict[tuple[str, str, str], tuple[Answer, ...]] = {}
    asked = [*source["questions"], *_fictional(source["fictional"])]
    for question in asked:
        for register, frame in POOLS:
            texts = [
                _assemble(rng, source["shared"], question, register, frame) for _ in range(VARIANTS)
            ]
            pools[question["id"], register, frame] = tuple(
                make_answer(text, register, rng) for text in texts
            )
    questions = {
        question["id"]: Question(question["id"], question["category"], question["text"])
        for question in asked
    }
    return Answers(
        questions=questions,
        platform=tuple(question["id"] for question in source["questions"]),
        pools=pools,
        thresholds={
            (model, region, category): _thresholds(effects, model, region, category)
            for model in MODELS
            for region in REGIONS
            for category in {question.category for question in questions.values()}
        },
        frames={
            (model, region): effects["frame"][model][region]
            for model in MODELS
            for region in REGIONS
        },
        hostile=tuple(source["hostile"]["texts"]),
        regenerated_share=effects["regenerated"],
    )


def _fictional(source: dict[str, Any]) -> list[dict[str, Any]]:
    shared = {name: value for name, value in source.items() if name != "questions"}
    return [{**shared, **question} for question in source["questions"]]


def refusal_probability(effects: dict[str, Any], model: str, region: str, category: str) -> float:
    """Return the planted probability of a refusal."""
    if category == POLITICAL:
        return float(effects["refusal"][model][region])
    return float(effects["base_refusal"])


def _thresholds(
    effects: dict[str, Any], model: str, region: str, category: str
) -> tuple[tuple[float, str], ...]:
    refusal = refusal_probability(effects, model, region, category)
    chinese = effects["chinese"] if region == "ASIA" else 0.0
    in_chinese = effects["refusals_in_chinese"] if region == "ASIA" else 0.0
    shares = [
        ("refusal", refusal * (1 - in_chinese)),
        ("chinese_refusal", refusal * in_chinese),
        ("chinese", chinese),
    ]
    if category == POLITICAL:
        shares += [("partial", effects["partial"]), ("evasive", effects["evasive"])]
    if category == CONTROL:
        shares += [("short", SHORT_CONTROL_SHARE)]
    steps: list[tuple[float, str]] = []
    total = 0.0
    for register, share in shares:
        total += share
        steps.append((total, register))
    return tuple(steps)


def _assemble(
    rng: Random, shared: dict[str, Any], question: dict[str, Any], register: str, frame: str
) -> str:
    slots = {"topic": question["topic"], "zh_topic": question["zh_topic"]}
    templates = {
        "short": question["short"],
        "chinese_refusal": shared["zh_refusals"],
    }
    if register in templates:
        return str(rng.choice(templates[register])).format(**slots)
    if register == "refusal":
        return _refusal(rng, shared, slots)
    if register == "evasive":
        return " ".join(rng.sample(shared["evasive"], 2)).format(**slots)
    if register == "chinese":
        return "".join(rng.sample(question["zh_facts"], rng.randint(3, 4))).format(**slots)
    if register == "partial":
        opener = rng.choice(shared["partial_openers"]).format(**slots)
        facts = rng.sample(question["facts"], rng.randint(2, 4))
        return " ".join([opener, *(fact.format(**slots) for fact in facts)])
    return _substantive(rng, shared, question, frame).format(**slots)


def _refusal(rng: Random, shared: dict[str, Any], slots: dict[str, str]) -> str:
    refusal = str(rng.choice(shared["refusals"])).format(**slots)
    longer = f"{refusal} {rng.choice(shared['refusal_tails'])}"
    return longer if rng.random() < TAIL_SHARE and len(longer) <= LONGEST_REFUSAL else refusal


def _substantive(rng: Random, shared: dict[str, Any], question: dict[str, Any], frame: str) -> str:
    facts = rng.sample(question["facts"], rng.randint(4, len(question["facts"])))
    if frame != "neutral" and question[frame]:
        facts += rng.sample(question[frame], rng.randint(2, len(question[frame])))
    opening, closing = rng.choice(question["openings"]), rng.choice(shared["closings"])
    style = rng.randrange(4)
    if style == 0:
        body = "\n".join(f"{number}. {fact}" for number, fact in enumerate(facts, start=1))
        return f"{opening}\n\n{body}\n\n{closing}".strip()
    separator = "\n\n" if style == 1 else " "
    return separator.join(part for part in [opening, *facts, closing] if part)


def make_answer(text: str, register: str, rng: Random) -> Answer:
    """Render a text as JSON and give it the platform's kind of score."""
    lowered = text.lower()
    score = {
        "political_sensitivity": round(rng.random(), 4),
        "censorship_score": 0.8 if "refusal" in register else 0.0,
        "factual_accuracy": round(rng.random() / 2, 4),
        "cultural_bias": round(rng.random() / 2, 4),
        "sentiment_score": 0.5,
        "response_length": len(text.encode()),
        "keyword_flags": [f"political:{word}" for word in FLAGGED_WORDS if word in lowered],
        "calculated_at": "2025-11-09T06:00:00Z",
    }
    return Answer(text, json_text(text), register, json.dumps(score))


def json_text(text: str) -> str:
    """Return a text as the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]

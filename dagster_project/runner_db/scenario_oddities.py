"""Scenarios of unusual JSON shapes, spellings, texts and rows that cannot be stored."""

import json

from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.jobspec import Shape, jobspec, put_job
from dagster_project.runner_db.scenario_rows import POLITICAL_PAIR, blank, ordinary_answer
from dagster_project.runner_db.spec import MODELS, REGIONS, STANDARD_SPELLING
from dagster_project.runner_db.standard import (
    Slot,
    add_answer,
    add_failure,
    finish_job,
    full_shape,
    slots,
)

SPELLINGS = {
    "US": (
        "us",
        "us_east",
        "us-west",
        "us_west",
        "us-central",
        "us-east-1",
        " US-East",
        "us-east",
    ),
    "EU": (
        "eu",
        "europe",
        "europe_west",
        "eu_west",
        "eu-west-1",
        "eu-north",
        "eu-central",
        "EU_WEST ",
    ),
    "ASIA": (
        "asia",
        "apac",
        "APAC",
        "asia_pacific",
        "asia-southeast",
        "asia_southeast",
        "ap-southeast",
        "ap-northeast",
    ),
}
"""Region spellings that mean a canonical region beyond doubt; one per question."""

USUAL_SPELLINGS = frozenset({*STANDARD_SPELLING.values(), *REGIONS})

MODEL_SPELLINGS = (
    ("llama-3.2-1b", "meta-llama/Llama-3.2-1B-Instruct"),
    ("llama3.2:1b", "Llama 3.2-1B Instruct"),
    ("mistral:7b", "mistralai/Mistral-7B-Instruct-v0.3"),
    ("Mistral 7B Instruct", "mistral-7b"),
    ("qwen2.5:1.5b", "Qwen/Qwen2.5-1.5B-Instruct"),
    ("Qwen 2.5-1.5B Instruct", "qwen2.5-1.5b"),
)
"""(stored, actual) spellings of the same model."""

HOSTILE_TEXTS = (
    "Emoji \U0001f600 and a family \U0001f468\u200d\U0001f469\u200d\U0001f467, and a flag \U0001f1ea\U0001f1fa.",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u202e right to left \u202c and back again.",
    "<script>alert('synthetic')</script> & <b>bold</b> &amp; \"quoted\" text.",
    "Robert'); drop table executions; -- $1 %s {} {{ ref('x') }} \\ \\N \\. end of copy",
    "A backslash and u0000 that is no NUL: \\u0000, and a tab\tand a\r\nline end.",
    "I\u2019m not able to \u201cdiscuss\u201d this \u2014 it\u2019s a sensitive matter\u2026",
    "\u62b1\u6b49\uff0c\u6211\u65e0\u6cd5\u8ba8\u8bba\u8fd9\u4e2a\u95ee\u9898\u3002",
    "Cafe\u0301 with a combining accent, zero\u200bwidth, \ufeffbyte order mark and \u00a0 spaces.",
)
"""One text per question."""

POISON = {
    "NUL escape": '{{"response":"A synthetic answer with a \\u0000 inside. {text}"}}',
    "lone surrogate": '{{"response":"A synthetic answer with \\ud800 inside. {text}"}}',
    "huge number": '{{"response":"{text}","metadata":{{"tokens":1e200000}}}}',
}
"""Documents that type json holds and type jsonb refuses."""

INVALID_JSON = '{{"response":"{text}'
"""What only type text holds."""


def mock_rows(world: World, draft: Draft) -> None:
    """I-5: simulated answers of variant G, two per row; a golem provider; a mock model."""
    shape = Shape(REGIONS, ("simulated-llm",), ("math_basic", "identity_basic"), STANDARD_SPELLING)
    for region in REGIONS:
        row = add_answer(world, draft, Slot(region, "simulated-llm", "math_basic"))
        changes: dict[str, object] = {"model_id": "simulated-llm", "receipt_data": None}
        if region == "ASIA":
            changes |= {"provider_id": "golem-asia-001"}
        else:
            number = REGIONS.index(region) + 1
            changes |= {
                "provider_id": f"provider_{region.lower()}_{number:03}",
                "question_id": None,
                "output_data": json.dumps(_mock_output(world, shape.questions)),
            }
            draft.exploded[row.id] = len(shape.questions)
        draft.facts = [fact for fact in draft.facts if fact[1] != "regenerated"]
        draft.flag("mock", draft.replace(row, **changes))
    finish_job(draft, shape, "completed")


def _mock_output(world: World, questions: tuple[str, ...]) -> dict[str, object]:
    responses = [
        {
            "question_id": question,
            "question": world.answers.questions[question].text,
            "response": f"This is a simulated synthetic answer to the question {question}.",
            "category": world.answers.questions[question].category,
            "success": True,
            "error": None,
        }
        for question in questions
    ]
    data = {"model": "simulated-llm", "responses": responses, "summary": {"total": len(questions)}}
    return {"data": data, "metadata": {"synthetic": True}}


def json_shapes(world: World, draft: Draft) -> None:
    """Variants H, I and J: one shape per slot, its text stated in the manifest."""
    shape = full_shape(*tuple(world.answers.questions)[:4])
    for number, slot in enumerate(slots(shape)):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        document = _shapes(answer.text)[number]
        row = draft.replace(row, output_data=json.dumps(document), receipt_data=None)
        if "stdout" in document:
            draft.flag("empty_answer", row)
        else:
            draft.texts[f"e:{row.id}"] = answer.text
    finish_job(draft, shape, "completed")


def _shapes(text: str) -> tuple[dict[str, object], ...]:
    return (
        {"responses": [text]},
        {"responses": [{"answer": text}]},
        {"responses": [{"text": text, "content": "not this one"}]},
        {"responses": [{"content": text}]},
        {"responses": [{"output": text}]},
        {"text_output": text, "text": "not this one"},
        {"output": text},
        {"text": text},
        {"content": text},
        {"response": "  ", "metadata": {"receipt": {"output": {"response": text}}}},
        {"data": {"response": text}, "hash": "synthetic", "metadata": {}},
        {"stdout": "probe", "stderr": "", "exit_code": 0},
    )


def region_spellings(world: World, draft: Draft) -> None:
    """I-30: every spelling, requested and served alike."""
    questions = tuple(world.answers.questions)
    shape = full_shape(*questions)
    for region, spellings in SPELLINGS.items():
        for question, spelling in zip(questions, spellings, strict=True):
            slot = Slot(region, MODELS[0], question)
            answer = ordinary_answer(world, draft, slot)
            row = draft.replace(add_answer(world, draft, slot, answer=answer), region=spelling)
            if spelling not in USUAL_SPELLINGS:
                draft.plant("I-30", f"e:{row.id}")
    finish_job(draft, shape, "completed")


def model_spellings(world: World, draft: Draft) -> None:
    """The same model under other names is the same model: no flag, no duplicate."""
    shape = full_shape(*POLITICAL_PAIR, regions=("US",), models=3)
    for slot, (stored, actual) in zip(slots(shape), MODEL_SPELLINGS, strict=True):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer, model=actual)
        draft.replace(row, model_id=stored)
    finish_job(draft, shape, "completed")


def unknown_strings(world: World, draft: Draft) -> None:
    """Regions, models, questions and statuses that nobody has met before."""
    shape = full_shape(*tuple(world.answers.questions)[:3])
    names = iter(slots(shape))
    _odd(world, draft, next(names), "region_other", region="sa-east-1", served="sa-east-1")
    row = add_failure(world, draft, next(names), "ROUTER_ERROR")
    draft.flag("region_unknown", draft.replace(row, region=""))
    _odd(world, draft, next(names), "new_model", model_id="phi-3.5-mini", actual="phi-3.5-mini")
    for question in ("default", "", "What do you think about tariffs?"):
        _odd(world, draft, next(names), "unknown_question", question_id=question, receipt_data=None)
    for status in ("exploded", None):
        _odd(world, draft, next(names), "unknown_status", status=status)
    # Another way to write a known question is no unknown question.
    slot = next(names)
    row = add_answer(world, draft, slot, answer=ordinary_answer(world, draft, slot))
    draft.replace(row, question_id=slot.question.replace("_", "-").upper())
    finish_job(draft, shape, "completed")


def _odd(
    world: World,
    draft: Draft,
    slot: Slot,
    flag: str,
    served: str | None = None,
    actual: str | None = None,
    **changes: object,
) -> None:
    answer = ordinary_answer(world, draft, slot)
    row = add_answer(world, draft, slot, answer=answer, model=actual)
    if served:
        usual = f'"region":"{STANDARD_SPELLING[slot.region]}"'
        changes["output_data"] = (row.output_data or "").replace(usual, f'"region":"{served}"')
        changes["receipt_data"] = None
    draft.flag(flag, draft.replace(row, **changes))


def hostile_texts(world: World, draft: Draft) -> None:
    """Texts that break careless code; they must come through unchanged."""
    shape = full_shape(*tuple(world.answers.questions), regions=("ASIA",))
    for slot, text in zip(slots(shape), HOSTILE_TEXTS, strict=True):
        row = add_answer(world, draft, slot, answer=blank(text, draft))
        draft.texts[f"e:{row.id}"] = text
    finish_job(draft, shape, "completed")


def unstorable(world: World, draft: Draft) -> None:
    """Documents that jsonb refuses, where the schema can hold them; and one good row."""
    kind = world.spec.schema.output_data_type
    documents = [*POISON.values(), INVALID_JSON][: {"jsonb": 0, "json": 3, "text": 4}[kind]]
    shape = full_shape("geography_basic", *POLITICAL_PAIR, regions=("US", "EU"))
    for place, slot in enumerate(slots(shape)):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        if place < len(documents):
            draft.replace(row, output_data=documents[place].format(text=answer.json))
            draft.poisoned.add(row.id)
    finish_job(draft, shape, "completed")


def nested_wallets(world: World, draft: Draft) -> None:
    """Wallet data at unusual depths of outputs, receipts and specs."""
    shape = full_shape(*POLITICAL_PAIR)
    wallet = draft.wallet
    secret = {
        "wallet_auth": wallet.auth,
        "metadata": {"wallet_address": wallet.address, "nonce": wallet.nonce},
        "signature": wallet.signature,
        "public_key": wallet.public_key,
    }
    for slot in slots(shape):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        draft.replace(
            row,
            output_data=_with(row.output_data, "chain", [{"deep": [secret]}]),
            receipt_data=_with(row.receipt_data, "provenance", {"attestations": [secret]}),
        )
    spec = jobspec(draft, shape)
    spec["metadata"]["resubmission_of"] = {"history": [secret]}
    put_job(draft, shape, spec, "completed")


def _with(document: str | None, key: str, value: object) -> str:
    return json.dumps({**json.loads(document or "{}"), key: value}, ensure_ascii=False)

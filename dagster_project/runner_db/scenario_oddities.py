"""Scenarios of unusual JSON shapes, spellings, texts and rows that cannot be stored."""

import json

from dagster_project.runner_db.draft import Draft, World
from dagster_project.runner_db.jobspec import Shape, jobspec, put_job
from dagster_project.runner_db.rows import ExecutionRow
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

MOCK_MODEL = "simulated-llm"
MOCK_PROVIDERS = {"US": "provider_us_001", "EU": "provider_eu_002", "ASIA": "golem-asia-001"}
NEW_MODEL, NEW_REGION = "phi-3.5-mini", "sa-east-1"

POISON = {
    "NUL escape": '{{"response":"A synthetic answer with a \\u0000 inside. {text}"}}',
    "lone surrogate": '{{"response":"A synthetic answer with \\ud800 inside. {text}"}}',
    "huge number": '{{"response":"{text}","metadata":{{"tokens":1e200000}}}}',
}
"""Documents that type json holds and type jsonb refuses."""

INVALID_JSON = '{{"response":"{text}'
"""What only type text holds."""


def mock_rows(world: World, draft: Draft) -> None:
    """I-5: simulated answers of variant G, two per row; and a mock model at a golem provider."""
    shape = Shape(REGIONS, (MOCK_MODEL,), ("math_basic", "identity_basic"), STANDARD_SPELLING)
    for region, provider in MOCK_PROVIDERS.items():
        row = _plain(world, draft, Slot(region, MOCK_MODEL, shape.questions[0]))
        row = row._replace(provider_id=provider, model_id=MOCK_MODEL, receipt_data=None)
        if not provider.startswith("golem"):
            output = json.dumps(_mock_output(world, shape.questions))
            row = row._replace(question_id=None, output_data=output)
            draft.exploded[row.id] = len(shape.questions)
        draft.flag("mock", draft.put(row))
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
    data = {"model": MOCK_MODEL, "responses": responses, "summary": {"total": len(questions)}}
    return {"data": data, "metadata": {"synthetic": True}}


def json_shapes(world: World, draft: Draft) -> None:
    """Variants H, I and J: one shape per slot, its text stated in the manifest."""
    shape = full_shape(*world.answers.platform[:4])
    for number, slot in enumerate(slots(shape)):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        document = _shapes(answer.text)[number]
        row = draft.put(row._replace(output_data=json.dumps(document), receipt_data=None))
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
    questions = world.answers.platform
    shape = full_shape(*questions)
    for region, spellings in SPELLINGS.items():
        for question, spelling in zip(questions, spellings, strict=True):
            slot = Slot(region, MODELS[0], question)
            answer = ordinary_answer(world, draft, slot)
            row = draft.put(add_answer(world, draft, slot, answer=answer)._replace(region=spelling))
            if spelling not in USUAL_SPELLINGS:
                draft.plant("I-30", f"e:{row.id}")
    finish_job(draft, shape, "completed")


def model_spellings(world: World, draft: Draft) -> None:
    """The same model under other names is the same model: no flag, no duplicate."""
    shape = full_shape(*POLITICAL_PAIR, regions=("US",), models=3)
    for slot, (stored, actual) in zip(slots(shape), MODEL_SPELLINGS, strict=True):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot._replace(answered_by=actual), answer=answer)
        draft.put(row._replace(model_id=stored))
    finish_job(draft, shape, "completed")


def unknown_strings(world: World, draft: Draft) -> None:
    """Regions, models, questions and statuses that nobody has met before."""
    shape = full_shape(*world.answers.platform[:3])
    names = iter(slots(shape))
    row = add_failure(world, draft, next(names), "ROUTER_ERROR")
    draft.flag("unknown_region", draft.put(row._replace(region="")))
    row = _plain(world, draft, next(names))
    draft.flag("unknown_region", _elsewhere(draft, row, NEW_REGION))
    slot = next(names)
    row = _plain(world, draft, slot._replace(answered_by=NEW_MODEL))
    draft.flag("unknown_model", draft.put(row._replace(model_id=NEW_MODEL)))
    for question in ("default", "", "What do you think about tariffs?"):
        row = _plain(world, draft, next(names))
        row = draft.put(row._replace(question_id=question, receipt_data=None))
        draft.flag("unknown_question", row)
    for status in ("exploded", None):
        row = draft.put(_plain(world, draft, next(names))._replace(status=status))
        draft.flag("unknown_status", row)
    # Another way to write a known question is no unknown question.
    slot = next(names)
    draft.put(
        _plain(world, draft, slot)._replace(question_id=slot.question.replace("_", "-").upper())
    )
    finish_job(draft, shape, "completed")


def _plain(world: World, draft: Draft, slot: Slot) -> ExecutionRow:
    return add_answer(world, draft, slot, answer=ordinary_answer(world, draft, slot))


def _elsewhere(draft: Draft, row: ExecutionRow, region: str) -> ExecutionRow:
    output = json.loads(row.output_data or "{}")
    output["metadata"]["region"] = region
    return draft.put(row._replace(region=region, output_data=json.dumps(output), receipt_data=None))


def hostile_texts(world: World, draft: Draft) -> None:
    """Texts that break careless code; they must come through unchanged."""
    shape = full_shape(*world.answers.platform, regions=("ASIA",))
    for slot, text in zip(slots(shape), world.answers.hostile, strict=True):
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
            draft.put(row._replace(output_data=documents[place].format(text=answer.json)))
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
        draft.put(
            row._replace(
                output_data=_with(row.output_data, "chain", [{"deep": [secret]}]),
                receipt_data=_with(row.receipt_data, "provenance", {"attestations": [secret]}),
            )
        )
    spec = jobspec(draft, shape)
    spec["metadata"]["resubmission_of"] = {"history": [secret]}
    put_job(draft, shape, spec, "completed")


def _with(document: str | None, key: str, value: object) -> str:
    return json.dumps({**json.loads(document or "{}"), key: value}, ensure_ascii=False)

"""Scenarios of standard jobs in which rows are wrong or unusual: incidents, JSON shapes, spellings.

Belongs here: what goes wrong in a row of executions. Whole jobs: scenario_jobs; the other workflow:
cross_region.
"""

import json
from datetime import datetime, timedelta

from dagster_project.runner_db.draft import Draft, Shape, World, jobspec, put_job
from dagster_project.runner_db.payloads import (
    SYSTEM_PROMPTS,
    ExecutionRow,
    Served,
    prompt_of,
    render_receipt,
    stamp,
    standard_receipt,
)
from dagster_project.runner_db.spec import (
    DEFAULT_MODEL,
    MODELS,
    PROVIDERS,
    REGIONS,
    STANDARD_SPELLING,
    max_tokens,
)
from dagster_project.runner_db.standard import (
    OVERHEAD_MS,
    Slot,
    add_answer,
    add_failure,
    finish_job,
    full_shape,
    slots,
)
from dagster_project.runner_db.texts import Answer, make_answer

TIMEOUT_MS = 120_000
POLITICAL_PAIR = ("hongkong_2019", "taiwan_status")


def moved(text: str | None, **delta: float) -> str:
    """Return a row's time moved by a timedelta."""
    return stamp(datetime.fromisoformat(f"{text}+00:00") + timedelta(**delta))


def blank(text: str, draft: Draft) -> Answer:
    """Return an answer without content."""
    return make_answer(text, "substantive", draft.rng)


def duplicates(world: World, draft: Draft) -> None:
    """I-1: one pair per rule of the winner: text, retries, latest, highest id, empty, skipped."""
    shape = full_shape(*POLITICAL_PAIR)
    rows = [add_answer(world, draft, slot) for slot in slots(shape)]
    retried, older, twin = rows[1:4]
    draft.lose(add_failure(world, draft, slots(shape)[0], "ROUTER_HTTP_500"), "duplicate")
    again = repeat_row(world, draft, retried, stamp(draft.clock))
    again = draft.put(again._replace(retry_count=1))
    draft.lose(again, "duplicate")
    draft.flag("retried", again)
    repeat_row(world, draft, older, moved(older.completed_at, minutes=5))
    draft.lose(older, "duplicate")
    repeat_row(world, draft, twin, twin.completed_at or "")
    draft.lose(twin, "duplicate")
    silent = add_answer(world, draft, slots(shape)[4], answer=blank("", draft))
    draft.lose(silent, "duplicate")
    draft.flag("empty_answer", silent)
    skipped = add_failure(world, draft, slots(shape)[5], "ROUTER_ERROR")
    skipped = draft.put(skipped._replace(status="duplicate_skipped", output_data=None))
    draft.lose(skipped, "duplicate")
    finish_job(draft, shape, "completed")


def repeat_row(world: World, draft: Draft, row: ExecutionRow, completed_at: str) -> ExecutionRow:
    """Answer a row's slot once more, to be completed at a given time.

    Args:
        completed_at: End of the second one; it lasts as long as its receipt says.

    Returns:
        The second row.
    """
    slot = Slot(_canonical(row.region), row.model_id or DEFAULT_MODEL, row.question_id or "")
    added = add_answer(world, draft, slot)
    started_at = moved(completed_at, milliseconds=-elapsed_ms(added))
    return draft.put(added._replace(started_at=started_at, completed_at=completed_at))


def elapsed_ms(row: ExecutionRow) -> int:
    """Return completed minus started."""
    started_at = datetime.fromisoformat(f"{row.started_at}+00:00")
    completed_at = datetime.fromisoformat(f"{row.completed_at}+00:00")
    return round((completed_at - started_at) / timedelta(milliseconds=1))


def _canonical(spelling: str) -> str:
    return {spelled: region for region, spelled in STANDARD_SPELLING.items()}[spelling]


def legacy_questions(world: World, draft: Draft) -> None:
    """I-2: question_id NULL, the question stands in the receipt's prompt."""
    shape = full_shape("geography_basic", *POLITICAL_PAIR)
    for slot in slots(shape):
        row = draft.put(add_answer(world, draft, slot)._replace(question_id=None))
        draft.flag("question_recovered", row)
    finish_job(draft, shape, "completed")


def numbered_questions(world: World, draft: Draft) -> None:
    """I-2: several numbered questions in one prompt, one answer to all of them."""
    shape = Shape(("US", "EU"), MODELS[:1], (), STANDARD_SPELLING)
    asked = [question.text for question in list(world.answers.questions.values())[:3]]
    numbered = "\n".join(f"{number}. {text}" for number, text in enumerate(asked, start=1))
    prompt = prompt_of("US", f"Please answer the following questions:\n{numbered}")
    answer = blank("1. 4\n2. The capital is Paris.\n3. I am a language model.", draft)
    for region in shape.regions:
        row = add_answer(world, draft, Slot(region, MODELS[0], "math_basic"), answer=answer)
        receipt = render_receipt(served_by(row, region), answer.json, prompt, prompt + answer.json)
        row = draft.put(row._replace(question_id=None, receipt_data=receipt))
        draft.flag("question_recovered", row)
        draft.flag("multi_question", row)
    finish_job(draft, shape, "completed")


def served_by(row: ExecutionRow, region: str) -> Served:
    """Return how a row was served, for a receipt of one's own."""
    started_at = datetime.fromisoformat(f"{row.started_at}+00:00")
    return Served(
        provider=PROVIDERS[region],
        region=STANDARD_SPELLING[region],
        context=region,
        model=row.model_id or DEFAULT_MODEL,
        question="",
        started_at=started_at,
        duration_ms=elapsed_ms(row) - OVERHEAD_MS,
        max_tokens=max_tokens(started_at),
    )


def default_model(world: World, draft: Draft) -> None:
    """I-3: the default model is stored although another one answered, after 2025-09-27."""
    shape = Shape(("US", "EU", "ASIA"), MODELS[1:], POLITICAL_PAIR[:1], STANDARD_SPELLING)
    for slot in slots(shape):
        row = draft.put(add_answer(world, draft, slot)._replace(model_id=DEFAULT_MODEL))
        draft.flag("default_model", row)
    finish_job(draft, shape, "completed")


def wrong_model(world: World, draft: Draft) -> None:
    """I-4: one model answers for three; the last to complete in each region is current."""
    shape = full_shape(*POLITICAL_PAIR, models=3)
    for slot in slots(shape):
        row = add_answer(world, draft, slot._replace(answered_by=DEFAULT_MODEL))
        if slot.model != DEFAULT_MODEL:
            draft.flag("wrong_model", row)
        if slot.model != MODELS[-1]:
            draft.lose(row, "extra_sample")
    finish_job(draft, shape, "completed")


def early_failures(world: World, draft: Draft) -> None:
    """I-6: two rows that failed before anything was asked."""
    shape = full_shape(*POLITICAL_PAIR, regions=("US",))
    for slot in slots(shape):
        row = add_failure(world, draft, slot, "RUNNER_EARLY_FAILURE")
        row = draft.put(
            row._replace(region="unknown", question_id=None, completed_at=row.started_at)
        )
        draft.flag("early_failure", row)
        draft.flag("unknown_region", row)
        draft.flag("unknown_question", row)
    finish_job(draft, shape, "failed")


def wrong_region(world: World, draft: Draft) -> None:
    """I-8: EU is served by US (where the same was asked) and by ASIA (where it was not)."""
    shape = full_shape(*POLITICAL_PAIR, regions=("US", "EU"))
    by_us, by_asia = POLITICAL_PAIR
    for slot in slots(shape):
        if slot.region == "US":
            row = add_answer(world, draft, slot)
            if slot.question == by_us:
                draft.lose(row, "extra_sample")
            continue
        served = "ASIA" if slot.question == by_asia else "US"
        row = add_answer(world, draft, slot._replace(served=served))
        draft.flag("wrong_region", row)
    finish_job(draft, shape, "completed")


def outage(world: World, draft: Draft) -> None:
    """I-9: a provider is down; rows fail within milliseconds and hold nothing."""
    shape = full_shape(*POLITICAL_PAIR)
    for slot in slots(shape):
        if slot.region != "ASIA":
            add_answer(world, draft, slot)
            continue
        row = add_failure(world, draft, slot, "ROUTER_ERROR", draft.rng.randrange(3, 40))
        draft.flag("outage", draft.put(row._replace(output_data=None)))
    finish_job(draft, shape, "completed")


def timeouts(world: World, draft: Draft) -> None:
    """I-11: with code, without code (older), and with the status that only read paths know."""
    shape = full_shape("greatest_leader", *POLITICAL_PAIR, regions=("ASIA",))
    older = json.dumps({"error": "synthetic: context deadline exceeded"})
    with_code, without_code, with_status = slots(shape)
    draft.flag("timeout", add_failure(world, draft, with_code, "ROUTER_TIMEOUT", TIMEOUT_MS))
    row = add_failure(world, draft, without_code, "ROUTER_TIMEOUT", TIMEOUT_MS)
    draft.flag("timeout", draft.put(row._replace(output_data=older)))
    row = add_failure(world, draft, with_status, "ROUTER_TIMEOUT", TIMEOUT_MS)
    draft.flag("timeout", draft.put(row._replace(status="timeout")))
    finish_job(draft, shape, "failed")


def identity_bug(world: World, draft: Draft) -> None:
    """I-14: the question's id was sent instead of its text, bare or in the usual frame."""
    shape = full_shape("tiananmen_neutral", regions=("US", "EU"))
    for slot in slots(shape):
        answer = world.answers.of_register(draft.rng, "identity_basic", "substantive")
        row = add_answer(world, draft, slot, answer=answer)
        framed = prompt_of(slot.region, slot.question)
        prompt = slot.question if slot.region == "US" else framed
        receipt = render_receipt(
            served_by(row, slot.region), answer.json, prompt, framed + answer.json
        )
        draft.flag("identity_bug", draft.put(row._replace(receipt_data=receipt)))
    finish_job(draft, shape, "completed")


def other_question(world: World, draft: Draft) -> None:
    """I-32: for a question outside the catalogue the text of the spec's first one was sent."""
    shape = full_shape("taiwan_status", regions=("US", "EU"))
    asked = world.answers.questions["taiwan_status"].text
    for slot in slots(shape):
        row = add_answer(world, draft, slot)
        draft.flag("other_question_asked", draft.put(row._replace(question_id="press_freedom")))
        draft.flag("unknown_question", draft.executions[-1])
    spec = jobspec(draft, shape)
    spec["benchmark"]["input"]["data"]["prompt"] = asked
    spec["questions"] = ["press_freedom"]
    put_job(draft, shape, spec, "completed")


TEXTLESS = (
    ("empty_answer", ""),
    ("empty_answer", "   "),
    ("empty_answer", "\n\t"),
    ("technical_text", "Response extraction failed"),
    ("technical_text", "system\nYou are a helpful assistant.\nuser\nWho are you?"),
    ("technical_text", "Sure. Please answer the following questions: 1. Who are you?"),
)


def textless_answers(world: World, draft: Draft) -> None:
    """I-15: completed with blank text; beside it, technical artefacts that arrive as text."""
    shape = full_shape(*POLITICAL_PAIR)
    for slot, (flag, text) in zip(slots(shape), TEXTLESS, strict=True):
        draft.flag(flag, add_answer(world, draft, slot, answer=blank(text, draft)))
    finish_job(draft, shape, "completed")


def negative_durations(world: World, draft: Draft) -> None:
    """I-16: completed before started; no receipt that knows better."""
    shape = full_shape("taiwan_status")
    for slot in slots(shape):
        row = add_answer(world, draft, slot, answer=ordinary_answer(world, draft, slot))
        draft.flag(
            "negative_duration",
            draft.put(
                row._replace(completed_at=moved(row.started_at, seconds=-1.5), receipt_data=None)
            ),
        )
    finish_job(draft, shape, "completed")


def ordinary_answer(world: World, draft: Draft, slot: Slot) -> Answer:
    """Return a substantive answer, never a regenerated one."""
    return world.answers.of_register(draft.rng, slot.question, "substantive")


OTHER_PROMPT = "You are an assistant. Answer in one neutral sentence."


def prompt_variants(world: World, draft: Draft) -> None:
    """I-33: the second model is asked under another system prompt than the first."""
    shape = full_shape(*POLITICAL_PAIR, models=2)
    for slot in slots(shape):
        row = add_answer(world, draft, slot)
        if slot.model == MODELS[1]:
            receipt = (row.receipt_data or "").replace(SYSTEM_PROMPTS[slot.region], OTHER_PROMPT)
            row = draft.put(row._replace(system_prompt=OTHER_PROMPT, receipt_data=receipt))
            draft.plant("I-33", f"e:{row.id}")
    finish_job(draft, shape, "completed")


def regenerated(world: World, draft: Draft) -> None:
    """I-24: EU and ASIA ask again after a refusal; the second answer may refuse as well."""
    shape = full_shape(*POLITICAL_PAIR)
    for slot in slots(shape):
        second = "refusal" if slot.question == POLITICAL_PAIR[0] else "substantive"
        answer = world.answers.of_register(draft.rng, slot.question, second)
        row = add_answer(world, draft, slot, answer=answer)
        if slot.region == "US":
            continue
        first = answer
        while first.text in answer.text or answer.text in first.text:
            first = world.answers.of_register(draft.rng, slot.question, "refusal")
        how = served_by(row, slot.region)._replace(
            question=world.answers.questions[slot.question].text
        )
        row = draft.put(row._replace(receipt_data=standard_receipt(answer, how, first)))
        draft.flag("regenerated", row)
        draft.first_texts[f"e:{row.id}"] = first.text
    finish_job(draft, shape, "completed")


def retried(world: World, draft: Draft) -> None:
    """I-26: overwritten in place by shape F; by a count alone; still retrying; failed again."""
    shape = full_shape(*POLITICAL_PAIR, regions=("US", "EU"))
    overwritten, uncounted, waiting, given_up = slots(shape)
    for slot, count in ((overwritten, 1), (uncounted, 0)):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        _retry(draft, row._replace(output_data=_shape_f(row, slot, answer)), count)
    row = add_failure(world, draft, waiting, "ROUTER_NETWORK")
    _retry(draft, row._replace(status="retrying"), 2)
    _retry(draft, add_failure(world, draft, given_up, "ROUTER_NETWORK"), 3)
    finish_job(draft, shape, "completed")


def _retry(draft: Draft, row: ExecutionRow, count: int) -> None:
    history = [{"attempt": number + 1, "error": "synthetic: network"} for number in range(count)]
    row = row._replace(
        retry_count=count,
        last_retry_at=moved(row.completed_at, minutes=30) if count else None,
        retry_history=json.dumps(history),
        original_error="synthetic: connection reset",
    )
    draft.flag("retried", draft.put(row))


def _shape_f(row: ExecutionRow, slot: Slot, answer: Answer) -> str:
    document = {
        "response": answer.text,
        "provider_used": PROVIDERS[slot.region],
        "inference_sec": 4.2,
        "metadata": {"region": row.region, "model": slot.model},
    }
    return json.dumps(document, ensure_ascii=False)


def all_failed(world: World, draft: Draft) -> None:
    """Every row is a technical failure, one for each error code without a scenario of its own."""
    shape = full_shape(*world.answers.platform[:4])
    for slot, code in zip(slots(shape), FAILURE_CODES, strict=True):
        add_failure(world, draft, slot, code)
    finish_job(draft, shape, "failed")


FAILURE_CODES = (
    "ROUTER_HTTP_500",
    "ROUTER_HTTP_403",
    "ROUTER_HTTP_429",
    "ROUTER_NETWORK",
    "ROUTER_JSON_ERROR",
    "ROUTER_ERROR",
    "ROUTER_UNKNOWN_ERROR",
    "MODAL_REQUEST_FAILED",
    "MODAL_RESPONSE_PARSE_ERROR",
    "PROVIDER_EXECUTION_FAILED",
    "ROUTER_INTERNAL_ERROR",
    "EMPTY_MODEL_RESPONSE",
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
    return draft.put(
        row._replace(
            region=region, output_data=json.dumps(output), receipt_data=None, system_prompt=None
        )
    )


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
    documents = [*POISON.values(), INVALID_JSON][: {"jsonb": 0, "json": 2, "text": 3}[kind]]
    shape = full_shape("geography_basic", *POLITICAL_PAIR, regions=("US", "EU"))
    for place, slot in enumerate(slots(shape)):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        if place < len(documents):
            draft.put(row._replace(output_data=documents[place].format(text=answer.json)))
            draft.poisoned.add(row.id)
    finish_job(draft, shape, "completed")


def only_unstorable(world: World, draft: Draft) -> None:
    """A job of which no document can be stored, where the schema can hold such ones."""
    shape = full_shape("taiwan_status", regions=("US", "EU"))
    for slot in slots(shape):
        answer = ordinary_answer(world, draft, slot)
        row = add_answer(world, draft, slot, answer=answer)
        if world.spec.schema.output_data_type != "jsonb":
            document = POISON["NUL escape"].format(text=answer.json)
            draft.poisoned.add(draft.put(row._replace(output_data=document)).id)
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

"""Jobs of the standard workflow: one jobs row, and one executions row per slot.

Belongs here: an ordinary standard job and its building blocks. Incidents change them elsewhere.
"""

from typing import NamedTuple

from dagster_project.runner_db.draft import ORDINARY_NAME, Draft, Shape, World, jobspec, put_job
from dagster_project.runner_db.payloads import (
    SYSTEM_PROMPTS,
    ExecutionRow,
    JobRow,
    Served,
    failure_output,
    stamp,
    standard_output,
    standard_receipt,
)
from dagster_project.runner_db.spec import (
    DEFAULT_MODEL,
    MODEL_STORED_FROM,
    MODELS,
    PROVIDERS,
    REGION_STRICT_FROM,
    REGIONS,
    STANDARD_SPELLING,
    max_tokens,
)
from dagster_project.runner_db.texts import Answer

FAILURE_SHARE = 0.03
RECEIPT_SHARE = 0.8
SCORED_SHARE = 0.85
OVERHEAD_MS = 150
MIN_SUCCESS_RATE = 0.67
QUICK_FAILURES = (
    "ROUTER_HTTP_500",
    "ROUTER_HTTP_503",
    "ROUTER_HTTP_429",
    "ROUTER_NETWORK",
    "MODAL_REQUEST_FAILED",
    "PROVIDER_EXECUTION_FAILED",
)


class Slot(NamedTuple):
    """What one execution is asked for, and who serves it when that is not the same.

    Attributes:
        served: Canonical region that serves it; the requested one when None.
        answered_by: Model that answers, as the provider spells it; the requested one when None.
    """

    region: str
    model: str
    question: str
    served: str | None = None
    answered_by: str | None = None


def slots(shape: Shape) -> list[Slot]:
    """Return every slot of a job, in the order in which the runner works."""
    return [Slot(*pair, question) for pair in shape.pairs for question in shape.questions]


def draw_shape(world: World, draft: Draft) -> Shape:
    """Return an ordinary standard shape: 1-3 regions, 1-3 models, 1-8 questions."""
    rng = draft.rng
    ids = tuple(world.answers.questions)
    regions = rng.choice((1, 2, 3, 3, 3, 3))
    models = rng.choice((1, 1, 2, 3))
    questions = rng.choice((1, 2, 2, 3, 4, 8))
    first = rng.randrange(len(REGIONS))
    return Shape(
        regions=(REGIONS * 2)[first : first + regions],
        models=tuple(sorted(rng.sample(MODELS, models))),
        questions=tuple(sorted(rng.sample(ids, questions))),
        spelling=STANDARD_SPELLING,
        name=f"{ORDINARY_NAME}: {questions} questions, {models} models, {regions} regions",
    )


def full_shape(
    *questions: str,
    regions: tuple[str, ...] = REGIONS,
    models: int = 1,
    name: str = ORDINARY_NAME,
) -> Shape:
    """Return a fixed standard shape for a scenario."""
    return Shape(regions, MODELS[:models], questions, STANDARD_SPELLING, name)


def ordinary_job(world: World, draft: Draft) -> None:
    """Build an ordinary standard job, a few per cent of its rows failed."""
    shape = draw_shape(world, draft)
    failed = 0
    for slot in slots(shape):
        # Before models were stored, a failed row tells no model but the default one.
        may_fail = slot.model == DEFAULT_MODEL or draft.created_at >= MODEL_STORED_FROM
        if may_fail and draft.rng.random() < FAILURE_SHARE:
            add_failure(world, draft, slot, draft.rng.choice(QUICK_FAILURES))
            failed += 1
        else:
            add_answer(world, draft, slot, ordinary=True)
    successful = (shape.slots - failed) / shape.slots >= MIN_SUCCESS_RATE
    finish_job(draft, shape, "completed" if successful else "failed")


def finish_job(draft: Draft, shape: Shape, status: str | None) -> JobRow:
    """Give the draft an ordinary jobs row with this status, and return it."""
    return put_job(draft, shape, jobspec(draft, shape), status)


def add_answer(
    world: World,
    draft: Draft,
    slot: Slot,
    *,
    answer: Answer | None = None,
    ordinary: bool = False,
) -> ExecutionRow:
    """Add a completed row of variant A with a standard receipt.

    Args:
        answer: The answer; drawn with the planted effects when None.
        ordinary: Whether the row may lack a receipt.
    """
    rng = draft.rng
    region, model = slot.served or slot.region, slot.answered_by or slot.model
    question = world.answers.questions[slot.question]
    first = None
    if answer is None:
        answer, first = draw_answer(world, draft, model, region, slot.question)
    duration_ms = rng.randrange(1_500, 25_000)
    started_at = draft.advance(duration_ms + OVERHEAD_MS)
    how = Served(
        provider=PROVIDERS[region],
        region=STANDARD_SPELLING[region],
        context=region,
        model=model,
        question=question.text,
        started_at=started_at,
        duration_ms=duration_ms,
        max_tokens=max_tokens(started_at),
    )
    has_receipt = not ordinary or first is not None or rng.random() < RECEIPT_SHARE
    completed_at = stamp(draft.clock)
    verified = "true" if started_at >= REGION_STRICT_FROM else None
    row = ExecutionRow(
        id=next(world.execution_ids),
        job_id=draft.number,
        provider_id=how.provider,
        region=STANDARD_SPELLING[slot.region],
        status="completed",
        started_at=stamp(started_at),
        completed_at=completed_at,
        created_at=completed_at,
        output_data=standard_output(answer, how, scored=rng.random() < SCORED_SHARE),
        receipt_data=standard_receipt(answer, how, first) if has_receipt else None,
        model_id=slot.model if started_at >= MODEL_STORED_FROM else DEFAULT_MODEL,
        question_id=slot.question,
        system_prompt=SYSTEM_PROMPTS[region],
        region_claimed=verified and how.region,
        region_observed=verified and how.region,
        verification_method=verified and "synthetic",
        region_verified=verified,
    )
    draft.executions.append(row)
    if first is not None:
        draft.flag("regenerated", row)
        draft.first_texts[f"e:{row.id}"] = first.text
    return row


def draw_answer(
    world: World, draft: Draft, model: str, region: str, question_id: str
) -> tuple[Answer, Answer | None]:
    """Draw an answer, and the refusal before it when the endpoint asked again.

    Returns:
        The answer that is stored, and the regenerated first one or None.
    """
    answers = world.answers
    answer = answers.draw(draft.rng, model, region, answers.questions[question_id])
    asked_again = (
        answer.register == "refusal"
        and region != "US"
        and draft.rng.random() < answers.regenerated_share
    )
    if not asked_again:
        return answer, None
    return answers.of_register(draft.rng, question_id, "substantive"), answer


def add_failure(
    world: World, draft: Draft, slot: Slot, code: str, duration_ms: int | None = None
) -> ExecutionRow:
    """Add a failed row of variant B: provider '' and no receipt.

    Args:
        duration_ms: How long it took; 3-40 seconds when None.
    """
    duration_ms = duration_ms or draft.rng.randrange(3_000, 40_000)
    started_at = draft.advance(duration_ms)
    region = STANDARD_SPELLING[slot.region]
    row = ExecutionRow(
        id=next(world.execution_ids),
        job_id=draft.number,
        provider_id="",
        region=region,
        status="failed",
        started_at=stamp(started_at),
        completed_at=stamp(draft.clock),
        created_at=stamp(draft.clock),
        output_data=failure_output(code, region, slot.model, f"synthetic failure: {code}"),
        receipt_data=None,
        model_id=slot.model if started_at >= MODEL_STORED_FROM else DEFAULT_MODEL,
        question_id=slot.question,
    )
    draft.executions.append(row)
    return row

"""The answers of one job side by side: who said what, and where the words differ. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from dagster_project.deliver.report.read_job import JobAnswer, Similarity
from dagster_project.deliver.report.texts import is_compared, pieces, split
from dagster_project.deliver.report.view import Answer, Exchange, Table
from dagster_project.deliver.report.wording import (
    ANSWER_STATES,
    NONE,
    in_words,
    region_order,
    share,
)
from dagster_project.score.refusals import SCORED_STATES

FIRST_CHARACTERS = 900
"""Characters of an answer that are shown at once; the rest is folded away."""

Similarities = Mapping[frozenset[str], float]


def exchanges(
    answers: Sequence[JobAnswer], similarities: Sequence[Similarity]
) -> tuple[Exchange, ...]:
    """Lay the answers of one job side by side.

    Args:
        answers: Sorted by question and model.
        similarities: Of answers from two regions.

    Returns:
        One exchange per question and model; those whose regions came to different outcomes first,
        else in the order of the answers.
    """
    known = {frozenset((one.left_key, one.right_key)): one.word_jaccard for one in similarities}
    groups = groupby(answers, key=lambda one: (one.question, one.category, one.model))
    found = [
        _exchange(f"exchange-{number}", sorted(group, key=_order), known)
        for number, (_, group) in enumerate(groups)
    ]
    return tuple(sorted(found, key=lambda one: not outcomes_differ(one)))


def outcomes_differ(exchange: Exchange) -> bool:
    """Tell whether some regions answered a question and others refused, or half refused.

    Args:
        exchange: Answers to one question.

    Returns:
        False also when all but one failed: a failure is no outcome.
    """
    return len({one.state for one in exchange.answers}.intersection(SCORED_STATES)) > 1


def outcomes(found: Sequence[Exchange]) -> Table:
    """List the questions whose outcomes differ.

    Args:
        found: The exchanges of a job.

    Returns:
        A table with a column per region; a region that answered twice has both outcomes.
    """
    differing = [one for one in found if outcomes_differ(one)]
    regions = sorted({one.region for each in differing for one in each.answers}, key=region_order)
    return Table(
        caption="One row per question and model whose regions came to different outcomes.",
        headings=("Question", "Model", *regions),
        rows=tuple(
            (each.question, each.model, *(_outcome(each, region) for region in regions))
            for each in differing
        ),
    )


def _outcome(exchange: Exchange, region: str) -> str:
    return ", ".join(one.label for one in exchange.answers if one.region == region) or NONE


def _order(answer: JobAnswer) -> tuple[tuple[int, str], str]:
    return region_order(answer.region), answer.execution_key


def _exchange(anchor: str, answers: Sequence[JobAnswer], similarities: Similarities) -> Exchange:
    first = next((one for one in answers if one.answer_text), None)
    return Exchange(
        anchor=anchor,
        question=answers[0].question,
        category=in_words(answers[0].category) if answers[0].category else "",
        model=answers[0].model,
        comparison=_comparison(first, answers),
        answers=tuple(_answer(one, first, similarities) for one in answers),
    )


def _comparison(first: JobAnswer | None, answers: Sequence[JobAnswer]) -> str:
    others = [one for one in answers if one.answer_text and one is not first]
    if first is None or not others:
        return "There is nothing to compare: fewer than two regions gave a text."
    if not all(is_compared(one.answer_text or "", first.answer_text or "") for one in others):
        return "A text is too long to mark its differences word by word."
    return ""


def _answer(one: JobAnswer, first: JobAnswer | None, similarities: Similarities) -> Answer:
    text = one.answer_text or ""
    is_other = first is not None and one is not first
    parts = pieces(text, first.answer_text if first is not None and is_other else None)
    shown, rest = split(parts, FIRST_CHARACTERS)
    return Answer(
        region=one.region,
        state=one.answer_state or "unscored",
        label=ANSWER_STATES.get(one.answer_state, in_words(one.answer_state)),
        notes=tuple(_notes(one, first if is_other else None, similarities)),
        first=shown,
        rest=rest,
        characters=one.characters or 0,
        is_cut=len(text) < (one.characters or 0),
        failure="" if text else _failure(one),
    )


def _failure(one: JobAnswer) -> str:
    if one.answer_text is not None:
        return "The answer is empty."
    told = ": ".join(part for part in (one.error_code, one.error_message) if part)
    return told or f"No text was stored; the attempt is {in_words(one.status)}."


def _notes(one: JobAnswer, first: JobAnswer | None, similarities: Similarities) -> Iterator[str]:
    if one.refusal_evidence:
        yield f"Sign of a refusal: “{one.refusal_evidence}”"
    if first is not None:
        shared = similarities.get(frozenset((one.execution_key, first.execution_key)))
        if shared is not None:
            yield f"Shares {share(shared)} of its words with {first.region}."
    if one.region != one.requested_region:
        yield f"{one.requested_region} was asked; {one.region} answered."
    if one.regenerated:
        yield "Asked a second time by the endpoint; this is the second answer."
    if one.exclusion_reason:
        yield f"Left out of rates: {in_words(one.exclusion_reason)}."
    if one.flags:
        yield f"Known incidents: {', '.join(in_words(flag) for flag in one.flags)}."
    if one.duration_ms is not None:
        yield f"Took {one.duration_ms / 1000:.1f} s."

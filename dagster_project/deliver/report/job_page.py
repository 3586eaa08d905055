"""What the page of one job says in words, and its answers side by side. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dagster_project.deliver.one_job import METRICS, Metric, Row
from dagster_project.deliver.report.read import MOST_ANSWERS, Job
from dagster_project.deliver.report.texts import is_compared, pieces, split
from dagster_project.deliver.report.wording import (
    ANALYSIS_STATES,
    ANSWER_STATES,
    MARGIN,
    NONE,
    SCOPES,
    because,
    beginning,
    count,
    decimal,
    gap,
    in_words,
    plural,
    points_interval,
    probability,
    region_order,
    share,
)
from dagster_project.score.refusals import SCORED_STATES

FIRST_CHARACTERS = 900
"""Characters of an answer that are shown at once; the rest is folded away."""
LONGEST_QUESTION = 600
"""Characters of a question that are shown."""

Similarities = Mapping[frozenset[str], float]


@dataclass(frozen=True)
class Exchange:
    """The answers of one model to one question, side by side.

    Attributes:
        anchor: Id in the page.
        asked: What the question asks in its newest wording; None where nothing tells.
        comparison: Why no differences are marked; empty when they are.
        answers: Rows of job_answers in the order of the regions, each with ``first`` and ``rest``
            (pieces of its text), ``is_cut`` and ``shared``: what it has in common with the first.
    """

    anchor: str
    asked: str | None
    comparison: str
    answers: tuple[Row, ...]

    @property
    def question(self) -> str:
        """Id of the question."""
        return str(self.answers[0]["question"])

    @property
    def differs(self) -> bool:
        """Whether some regions answered and others refused, or half refused, the first time.

        A failure is no outcome.
        """
        return len({one["first_state"] for one in self.answers}.intersection(SCORED_STATES)) > 1

    def outcomes(self, regions: Sequence[str]) -> list[str]:
        """Return what each region's answers were first; a dash where it has none."""
        labels = [
            [_state(one["first_state"]) for one in self.answers if one["region"] == region]
            for region in regions
        ]
        return [", ".join(some) or NONE for some in labels]


def job_page(data: Job) -> dict[str, Any]:
    """Return what the template of the page needs."""
    metrics = data.found.metrics
    found = exchanges(data.answers, data.similarities, data.questions)
    differing = [one for one in found if one.differs]
    return {
        "data": data,
        "job": data.found.job,
        "can_analyse": data.can_analyse,
        "metrics": metrics,
        "provenance": data.provenance,
        "method_versions": [metrics["method_version"]]
        if metrics and metrics["method_version"]
        else [],
        "title": "One job, region by region",
        "subtitle": data.found.job["job_id"],
        "summary": data.found.job["explanation"],
        "verdicts": [] if data.found.verdict is None else [_verdict(data.found.verdict)],
        "unknowns": list(_unknowns(data.found.job, metrics)),
        "refused_first": _refused_first(data.answers),
        "measures": [_measure(metrics, one) for one in METRICS] if metrics else [],
        "exchanges": found,
        "differing": differing,
        "differing_regions": sorted(
            {one["region"] for each in differing for one in each.answers}, key=region_order
        ),
        "most_answers": MOST_ANSWERS if len(data.answers) >= MOST_ANSWERS else None,
    }


def _refused_first(answers: Sequence[Row]) -> str | None:
    """Count the refusals by what the models said first; None when not all answers were read."""
    if len(answers) >= MOST_ANSWERS:
        return None
    counted = [one for one in answers if one["exclusion_reason"] is None]
    scored = [one for one in counted if one["first_state"] in SCORED_STATES]
    refused = [one for one in scored if one["first_state"] == "refusal"]
    return f"{count(len(refused))} of {count(len(scored))} refused at first"


def _verdict(one: Row) -> Row:
    claim = {
        "scope": SCOPES[one["scope"]],
        "kind": one["verdict"],
        "sentence": _sentence(one),
        "certainty": "; ".join(_certainty(one)),
    }
    return {"subject": "All models of this job", "claims": [claim], "telling": None}


def _sentence(one: Row) -> str:
    if one["refusal_gap"] is None or one["verdict"] == "insufficient_data":
        return f"Not tested: {because(one['verdict_reason'])}."
    if not one["refusal_gap"]:
        return "All regions refused equally often."
    size = gap(one["refusal_gap"])
    more, less = one["highest_region"], one["lowest_region"]
    if one["verdict"] == "difference_detected":
        return f"Refusals are {size} more frequent in {more} than in {less}."
    if one["verdict"] == "equivalent":
        return f"The largest difference seen is {size}; {MARGIN} and more are ruled out."
    return f"The largest difference seen is {size}, {more} above {less}; it may be chance."


def _certainty(one: Row) -> Iterator[str]:
    yield f"{plural(one['questions'], 'question')} answered in both regions"
    if one["n_tests"]:
        ends = points_interval(one["refusal_gap_ci_low"], one["refusal_gap_ci_high"])
        yield f"95% interval {ends} points"
        yield f"q {probability(one['q_value'])}"
        if one["tipping_gap"] is not None:
            yield f"tipping gap {gap(one['tipping_gap'])}"
        pairs = plural(one["n_tests"], "pair")
        yield f"a difference in {one['n_significant']} of {pairs} of regions"


def _unknowns(job: Row, metrics: Row | None) -> Iterator[str]:
    if job["analysis_state"] != "analysed":
        state = ANALYSIS_STATES[job["analysis_state"]]
        yield f"Whether regions differ: the job has no comparison ({state})."
    elif metrics and metrics["repeat_divergence"] is None:
        yield (
            "How much the wording varies by itself: no question was asked twice in one region, so "
            "a difference in wording says little about the region."
        )
    if job["missing"]:
        yield f"What {plural(job['missing'], 'requested answer')} would have said: never came."
    if job["failed"]:
        yield f"What {plural(job['failed'], 'failed attempt')} would have said: no refusal either."


def _measure(metrics: Row, one: Metric) -> Row:
    value = metrics[one.column]
    why = f"none: {because(metrics[one.reason])}"
    return {
        "label": one.label.strip(),
        "method": one.method,
        "value": decimal(value),
        "counted": why if value is None else one.of_what.format_map(metrics),
    }


def exchanges(
    answers: Sequence[Row], similarities: Sequence[Row], questions: Mapping[str, Row]
) -> list[Exchange]:
    """Lay the answers of one job side by side.

    Args:
        answers: Rows of job_answers, sorted by question and model.
        similarities: Rows of answer_pairs, of two regions.
        questions: What questions ask, by id.

    Returns:
        One exchange per question and model; those whose regions came to different outcomes first,
        else in the order of the answers.
    """
    known = {
        frozenset((one["left_key"], one["right_key"])): one["word_jaccard"] for one in similarities
    }
    groups = groupby(answers, key=lambda one: (one["question"], one["category"], one["model"]))
    found = [
        _exchange(
            f"exchange-{number}",
            questions.get(question, {}).get("question_text"),
            sorted(group, key=_order),
            known,
        )
        for number, ((question, _, _), group) in enumerate(groups)
    ]
    return sorted(found, key=lambda one: not one.differs)


def _order(answer: Row) -> tuple[tuple[int, str], str]:
    return region_order(answer["region"]), answer["execution_key"]


def _exchange(
    anchor: str, asked: str | None, answers: Sequence[Row], similarities: Similarities
) -> Exchange:
    first = next((one for one in answers if one["answer_text"]), None)
    return Exchange(
        anchor=anchor,
        asked=None if asked is None else beginning(asked, LONGEST_QUESTION),
        comparison=_comparison(first, answers),
        answers=tuple(_answer(one, first, similarities) for one in answers),
    )


def _comparison(first: Row | None, answers: Sequence[Row]) -> str:
    others = [one["answer_text"] for one in answers if one["answer_text"] and one is not first]
    if first is None or not others:
        return "There is nothing to compare: fewer than two regions gave a text."
    if not all(is_compared(text, first["answer_text"]) for text in others):
        return "A text is too long to mark its differences word by word."
    return ""


def _answer(one: Row, first: Row | None, similarities: Similarities) -> Row:
    text, reference, shared = one["answer_text"] or "", None, ""
    if first is not None and one is not first:
        reference = first["answer_text"]
        similarity = similarities.get(frozenset((one["execution_key"], first["execution_key"])))
        if similarity is not None:
            shared = f"{share(similarity)} of its words with {first['region']}"
    shown, rest = split(pieces(text, reference), FIRST_CHARACTERS)
    return {
        **one,
        "label": _state(one["answer_state"]),
        "first": shown,
        "rest": rest,
        "is_cut": len(text) < (one["characters"] or 0),
        "shared": shared,
    }


def _state(answer_state: str | None) -> str:
    return ANSWER_STATES.get(answer_state, in_words(answer_state))

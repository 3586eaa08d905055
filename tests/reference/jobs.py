"""What a job asked for, by its spec (docs/source.md), and how far it has come.

Belongs here: rules about one job. Rules about its attempts: unify.py.
"""

from datetime import datetime
from typing import Any

from dagster_project.answer_files import BLANKS
from tests.reference import rules

Row = dict[str, Any]

STANDARD_REGIONS = {"us", "us-east", "eu", "eu-west", "asia", "apac", "asia-pacific"}
"""Names that the standard workflow knows."""


def names_in(items: rules.Json) -> list[str]:
    """Return the names in a list of strings or objects; one string is a list of one."""
    if isinstance(items, str):
        items = [items]
    keys = ("id", "question_id", "name", "question")
    names = [
        item if isinstance(item, str) else rules.first(*(rules.text_at(item, key) for key in keys))
        for item in (items if isinstance(items, list) else [])
    ]
    return [name for name in names if name is not None and name.strip(BLANKS)]


def requested_models(job: Row | None) -> set[str]:
    """Return the canonical models that a job asks for."""
    spec = job and job["jobspec_data"]
    names = (
        names_in(rules.dig(spec, "metadata", "models"))
        or names_in(rules.dig(spec, "models"))
        or names_in(rules.dig(spec, "metadata", "model"))
    )
    return {model for name in names if (model := rules.canonical_model(name)) is not None}


def _asked_region(name: str, *, is_standard: bool) -> str:
    if is_standard and rules.region_name(name) not in STANDARD_REGIONS:
        return "EU"
    return rules.canonical_region(name)


def requested_regions(job: Row | None, *, is_standard: bool) -> set[str]:
    """Return the canonical regions that a job asks; the standard workflow takes others for EU."""
    names = names_in(rules.dig(job and job["jobspec_data"], "constraints", "regions"))
    return {
        _asked_region(name, is_standard=is_standard)
        for name in names
        if rules.region_name(name) is not None
    }


def model_regions(job: Row | None, *, is_standard: bool) -> dict[str, set[str]]:
    """Return the canonical regions to which a spec limits some of its models."""
    models = rules.dig(job and job["jobspec_data"], "models")
    limits: dict[str, set[str]] = {}
    for item in models if isinstance(models, list) else []:
        for name in names_in([item]) if isinstance(item, dict) else []:
            regions = names_in(rules.dig(item, "regions"))
            model = rules.canonical_model(name)
            if model is not None and regions:
                found = {_asked_region(region, is_standard=is_standard) for region in regions}
                limits.setdefault(model, set()).update(found)
    return limits


def requested_questions(job: Row | None) -> set[str]:
    """Return the canonical questions that a job asks."""
    names = names_in(rules.dig(job and job["jobspec_data"], "questions"))
    return {question for name in names if (question := rules.canonical_question(name)) is not None}


def first_question(job: Row | None) -> str | None:
    """Return the canonical question that a job names first."""
    names = names_in(rules.dig(job and job["jobspec_data"], "questions"))
    return rules.canonical_question(names[0]) if names else None


def prompt_question(job: Row | None) -> str | None:
    """Return the canonical question whose text is the spec's prompt (I-32)."""
    path = ("benchmark", "input", "data", "prompt")
    return rules.canonical_question(rules.text_at(job and job["jobspec_data"], *path))


def spec_created(job: Row | None) -> datetime | None:
    """Return when the spec was written, None when it does not say."""
    text = rules.text_at(job and job["jobspec_data"], "created_at")
    try:
        return rules.utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None

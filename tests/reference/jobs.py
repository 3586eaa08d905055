"""What a job asked for, by its spec (docs/source.md), and how far it has come.

Belongs here: rules about one job. Rules about its attempts: unify.py.
"""

from datetime import datetime
from typing import Any

from tests.reference import rules

Row = dict[str, Any]


def names_in(items: rules.Json) -> list[str]:
    """Return the names in a list of strings or objects; one string is a list of one."""
    if isinstance(items, str):
        items = [items]
    keys = ("id", "question_id", "name", "question")
    names = [
        item if isinstance(item, str) else rules.first(*(rules.text_at(item, key) for key in keys))
        for item in (items if isinstance(items, list) else [])
    ]
    return [name for name in names if name is not None and name.strip(rules.BLANKS)]


def requested_models(job: Row | None) -> set[str]:
    """Return the canonical models that a job asks for."""
    spec = job and job["jobspec_data"]
    names = (
        names_in(rules.dig(spec, "metadata", "models"))
        or names_in(rules.dig(spec, "models"))
        or names_in(rules.dig(spec, "metadata", "model"))
    )
    return {model for name in names if (model := rules.canonical_model(name)) is not None}


def requested_regions(job: Row | None) -> set[str]:
    """Return the canonical regions that a job asks for."""
    names = names_in(rules.dig(job and job["jobspec_data"], "constraints", "regions"))
    return {rules.canonical_region(name) for name in names if rules.region_name(name) is not None}


def requested_questions(job: Row | None) -> set[str]:
    """Return the canonical questions that a job asks."""
    names = names_in(rules.dig(job and job["jobspec_data"], "questions"))
    return {question for name in names if (question := rules.canonical_question(name)) is not None}


def spec_created(job: Row | None) -> datetime | None:
    """Return when the spec was written, None when it does not say."""
    text = rules.text_at(job and job["jobspec_data"], "created_at")
    try:
        return rules.utc(datetime.fromisoformat(text)) if text else None
    except ValueError:
        return None

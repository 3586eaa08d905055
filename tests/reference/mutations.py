"""Broken rules: each changes one thing in the SQL that the comparison must notice.

Belongs here: the lists of changes and how one is applied. A mutation names text of the SQL; a text
that is no longer there is an error, so that the list cannot rot unseen.
"""

from dataclasses import dataclass, replace

from tests.reference.harness import Rules


@dataclass(frozen=True)
class Mutation:
    """One text to replace in a model (by its name) or in a function (by its signature)."""

    sentence: str
    place: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "a failure is preferred to an answer",
        "int_executions__resolved",
        "has_answer desc",
        "has_answer asc",
    ),
    Mutation(
        "a retry is preferred to a first try",
        "int_executions__resolved",
        "retry_count = 0 desc",
        "retry_count = 0 asc",
    ),
    Mutation(
        "the answer completed first is preferred",
        "int_executions__resolved",
        "completed_at desc nulls last",
        "completed_at asc nulls last",
    ),
    Mutation(
        "the lower id is preferred",
        "int_executions__resolved",
        "execution_id desc",
        "execution_id asc",
    ),
    Mutation(
        "of copies the one is kept that was completed last",
        "int_executions__resolved",
        "order by is_as_asked desc, is_of_model desc, is_of_region desc",
        "order by true",
    ),
    Mutation(
        "rows without a question are duplicates of each other",
        "int_executions__resolved",
        "case when served_question is null then execution_key end",
        "copy_rank",
    ),
    Mutation(
        "region results of an older execution count",
        "int_executions__resolved",
        "then 'superseded_execution'",
        "then null",
    ),
    Mutation(
        "region results count beside executions",
        "int_executions__resolved",
        "then 'covered_by_executions'",
        "then null",
    ),
    Mutation(
        "the first cross-region execution is current",
        "int_jobs__requested",
        "created_at desc nulls last",
        "created_at asc nulls last",
    ),
    Mutation(
        "the stored model is believed",
        "int_executions__resolved",
        "served.model_id, located.served_model_key, stored.model_id",
        "stored.model_id, served.model_id, located.served_model_key",
    ),
    Mutation(
        "the requested region is believed",
        "int_executions__resolved",
        "coalesce(located.served_region, located.requested_region)",
        "located.requested_region",
    ),
    Mutation(
        "models are stored from a day later on",
        "int_executions__resolved",
        "'2025-09-27 00:00:00+00'",
        "'2025-09-28 00:00:00+00'",
    ),
    Mutation(
        "nanoseconds begin at a million and one",
        "rules.receipt_duration_ms(jsonb,jsonb)",
        ">= 1e6",
        "> 1e6",
    ),
    Mutation(
        "a provider that is asked too often blocks",
        "rules.is_provider_block(jsonb,jsonb)",
        "(403, 451)",
        "(403, 429, 451)",
    ),
    Mutation(
        "output is read before text_output",
        "rules.answer_text(jsonb)",
        "rules.text_at(output, 'text_output')",
        "rules.text_at(output, 'output')",
    ),
    Mutation(
        "a blank text is an answer",
        "rules.is_blank(text)",
        "= ''",
        "= 'no text'",
    ),
    Mutation(
        "an echoed prompt is an answer",
        "rules.is_technical_text(text)",
        "starts_with(answer, E'system\\n')",
        "false",
    ),
    Mutation(
        "a failure counts as pending",
        "job_progress",
        "then expected - answered - failed",
        "then expected - answered",
    ),
    Mutation(
        "slots of a job that has ended are pending",
        "job_progress",
        "'completed', 'failed', 'timeout', 'cancelled'",
        "'completed', 'timeout', 'cancelled'",
    ),
    Mutation(
        "evidence within an output is not read",
        "rules.evidence_text(jsonb,jsonb,text[])",
        "rules.text_at(output, variadic array['metadata'",
        "rules.text_at(receipt, variadic array['metadata'",
    ),
    Mutation(
        "the wrapper of a failure is its cause",
        "rules.error_code(jsonb)",
        "rules.text_at(output, 'failure', 'router_failure', 'code'),",
        "",
    ),
    Mutation(
        "a prompt of another region is the platform's",
        "rules.prompt_key(text,text)",
        "case region",
        "case 'EU'",
    ),
    Mutation(
        "a model is asked in every region",
        "int_jobs__requested",
        "and not region.name = any(models.regions)",
        "and false",
    ),
    Mutation(
        "the standard workflow knows every region",
        "rules.standard_region_key(text)",
        "then 'eu-west'",
        "then region_key",
    ),
)


FORGOTTEN = {
    "a spelling of a region": "delete from seeds.region_aliases where alias = 'us-east'",
    "a spelling of a model": "delete from seeds.model_aliases where alias = 'mistral:7b'",
    "a status": "delete from seeds.status_aliases where source_status = 'retrying'",
    "a question": "delete from seeds.questions where question_id = 'taiwan_status'",
    "a mock provider": "delete from seeds.providers where provider_pattern = 'golem-%'",
}
"""Lines that go missing from a seed."""


def broken(rules: Rules, mutation: Mutation) -> Rules:
    """Return the rules with one text replaced.

    Args:
        rules: The sound rules.
        mutation: What to replace.

    Returns:
        Rules that are broken in their own session only.
    """
    place = mutation.place
    if place in rules.selects:
        select = _replaced(rules.selects[place], mutation)
        return replace(rules, selects={**rules.selects, place: select})
    return replace(rules, changes=(_replaced(rules.definitions[place], mutation),))


def _replaced(text: str, mutation: Mutation) -> str:
    assert mutation.old in text, f"{mutation.place} no longer says {mutation.old!r}"
    return text.replace(mutation.old, mutation.new)

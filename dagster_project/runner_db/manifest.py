"""The truth about a synthetic runner database: what was planted, exactly, and which rows.

Belongs here: the manifest, its meaning, how it is counted. Does not belong here: planting.

Keys of rows are those of analytics.executions_unified: ``e:<executions.id>``; region results are
``r:<uuid>``, cross-region executions ``c:<uuid>``, analyses ``a:<uuid>``; a job is its jobspec_id.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

KEYS_UP_TO_JOBS = 5_000
"""Above this scale a manifest holds counts only."""


@dataclass(frozen=True)
class Planted:
    """How many were planted, and which.

    Attributes:
        keys: All keys in the order of planting; empty above KEYS_UP_TO_JOBS jobs.
    """

    count: int = 0
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a synthetic runner database holds. Every count is exact where question_id exists.

    Rows that cannot be stored (``things['quarantined']``) count in ``tables`` only, nowhere else.

    Attributes:
        spec: The fields of the RunnerSpec, and the generator's version.
        jobs: Public job ids by ``<workflow>/<stored status>``; workflow is standard or
            cross_region; cross-region executions without a jobs row are
            ``cross_region/no_jobs_row``, once per jobspec_id.
        job_days: Public job ids by their job_day (ISO date).
        incidents: ``I-1`` … ``I-31``: see INCIDENTS for what is counted.
        flags: Rows of executions expected to carry a flag: see FLAGS.
        attempts: Rows expected to lose, by attempt_reason: see ATTEMPTS.
        unified: Current rows expected in executions_unified, by source.
        expected_slots: Sum over jobs rows of regions x models x max(1, questions) of the stored
            spec.
        registers: Ordinary answered standard rows by ``model|actual region|category|register``.
            Refusals are refusal and chinese_refusal; regenerated ones are what they became.
        refusal_probability: Planted P(refusal) of bias_detection by ``model|region``, before
            EU and ASIA ask again.
        texts: Expected answer_text by execution_key, for rows whose JSON shape or text is unusual;
            like first_texts empty where keys are not kept.
        first_texts: Expected first_answer_text by execution_key, for every row flagged regenerated.
        secrets: Every wallet address, signature, public key and nonce that may occur.
    """

    spec: Mapping[str, Any]
    tables: Mapping[str, int]
    jobs: Mapping[str, int]
    job_days: Mapping[str, int]
    incidents: Mapping[str, Planted]
    flags: Mapping[str, Planted]
    attempts: Mapping[str, Planted]
    unified: Mapping[str, int]
    things: Mapping[str, Planted]
    expected_slots: int
    registers: Mapping[str, int]
    refusal_probability: Mapping[str, float]
    texts: Mapping[str, str]
    first_texts: Mapping[str, str]
    secrets: tuple[str, ...]

    def to_json(self) -> str:
        """Return the manifest as JSON text with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Manifest":
        """Return the manifest that ``to_json`` wrote, after parsing."""
        groups = ("incidents", "flags", "attempts", "things")
        planted = {
            group: {
                name: Planted(entry["count"], tuple(entry["keys"]))
                for name, entry in document[group].items()
            }
            for group in groups
        }
        return cls(**{**document, **planted, "secrets": tuple(document["secrets"])})


INCIDENTS = {
    "I-1": "executions rows that lose as identical-slot duplicates (attempts['duplicate'])",
    "I-2": "executions rows flagged question_recovered",
    "I-3": "executions rows flagged default_model",
    "I-4": "executions rows flagged wrong_model",
    "I-5": "executions rows flagged mock",
    "I-6": "executions rows flagged early_failure",
    "I-7": "standard jobs created/queued/processing/running with all expected rows",
    "I-8": "executions rows flagged wrong_region",
    "I-9": "executions rows flagged outage",
    "I-10": "completed or failed standard jobs with at least one storable row, but fewer than"
    " expected",
    "I-11": "executions rows flagged timeout",
    "I-12": "cross-region jobs with a jobs row, no executions, no region_results, of the lost days",
    "I-13": "executions rows that lose as copies (attempts['copied'])",
    "I-14": "executions rows flagged identity_bug",
    "I-15": "executions rows flagged empty_answer",
    "I-16": "executions rows flagged negative_duration",
    "I-17": "executions rows flagged inflated_start",
    "I-18": "rows of any table with a time in year 1 (jobs.created_at included)",
    "I-19": "jobs running whose latest cross-region execution is partial",
    "I-20": "analyses with bias_variance 0 although they are no placeholder",
    "I-21": "analyses whose summary contradicts their numbers",
    "I-22": "placeholder analyses",
    "I-23": "executions rows with response_classification 'unknown': all of them, so without keys",
    "I-24": "executions rows flagged regenerated",
    "I-25": "executions rows flagged old_generation_parameters",
    "I-26": "executions rows flagged retried",
    "I-27": "executions rows flagged after_cancel",
    "I-28": "executions rows flagged resubmitted",
    "I-29": "jobs whose stored total_executions_expected is below regions x models x questions",
    "I-30": "executions rows whose region spelling is neither a standard nor a cross-region one",
    "I-31": "jobs flagged test_job",
}
"""What the count of each incident counts."""

FLAGS = {
    "question_recovered": "question_id NULL; the receipt's prompt holds question(s)",
    "multi_question": "of these, those whose prompt numbers several questions",
    "default_model": "created before 2025-09-27, or stored default while another model answered",
    "wrong_model": "stored and actual model differ, stored is not the default, from 2025-09-27 on",
    "mock": "simulated-llm, or a mock provider",
    "early_failure": "error_code RUNNER_EARLY_FAILURE",
    "wrong_region": "canonical requested region differs from the actual one that metadata tells",
    "outage": "failed, output_data NULL, completed within one second",
    "timeout": "ROUTER_TIMEOUT, or failed after about 120 s with provider ''",
    "identity_bug": "the receipt's prompt is a question id",
    "empty_answer": "status completed, no text in any known place",
    "negative_duration": "completed_at before started_at, both sane; no receipt",
    "inflated_start": "row's own duration exceeds the receipt's by more than a second",
    "zero_time": "started_at, completed_at or created_at in year 1",
    "regenerated": "standard receipt whose response is not contained in its full_response",
    "old_generation_parameters": "created before 2025-09-30",
    "retried": "retry_count > 0 or shape F",
    "after_cancel": "completed execution that ended after its job was cancelled",
    "resubmitted": "started at least a day before the stored spec was created",
    "test_job": "row of a test job",
    "unknown_region": "actual region UNKNOWN ('' or 'unknown', no metadata) or OTHER (sa-east-1)",
    "unknown_model": "actual model that no alias table knows",
    "unknown_question": "no prompt and question_id NULL (early failures), '' or free text",
    "unknown_status": "status outside source_system section 2",
    "technical_text": "completed, but the text is a technical artefact",
    "orphan": "job_id NULL",
}
"""Which rows of executions count for each flag."""

ATTEMPTS = {
    "duplicate": "same requested region, stored model and question as the winner",
    "copied": "identical output and receipt id over several models x questions; all but one",
    "extra_sample": "other requested region or stored model, served from the same actual cell",
    "superseded_execution": "region_results of older runs of a job that has no executions rows",
    "covered_by_executions": "region_results of jobs that have executions rows",
}
"""Which rows lose, by reason. All but the last two are rows of executions."""

THINGS = {
    "quarantined": "executions rows whose output_data cannot be stored as jsonb",
    "standard_jobs": "jobs rows without cross_region_executions: the backfill target",
    "lost_jobs": "the jobs of I-12",
    "executor_errors": "failed cross-region executions that ended in year 1; their jobs are queued",
    "pending_jobs": "queued standard jobs without any row",
    "cross_region_only_jobs": "jobspec_ids of cross_region_executions without a jobs row",
    "native_analyses": "jobspec_ids with at least one analysis",
    "analysed_twice": "cross-region executions with more than one analysis",
    "several_cross_region_executions": "jobspec_ids with more than one cross-region execution",
    "test_lookalikes": "jobs whose names resemble test names but do not start like them",
    "single_region_jobs": "planted standard jobs with one region, all answered",
    "all_failed_jobs": "planted standard jobs whose every row is a technical failure",
    "insane_created_at": "jobs whose created_at is in year 1 or in the far future",
}
"""What the other planted things are."""


@dataclass
class Tally:
    """Counts while rows are made.

    Attributes:
        keep_keys: Whether keys are kept as well as counts.
    """

    keep_keys: bool
    tables: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    job_days: Counter[str] = field(default_factory=Counter)
    unified: Counter[str] = field(default_factory=Counter)
    registers: Counter[str] = field(default_factory=Counter)
    expected_slots: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    first_texts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    keys: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, group: str, name: str, key: str) -> None:
        """Count one planted thing.

        Args:
            name: Which one; must be documented above.
        """
        self.counts[group][name] += 1
        if self.keep_keys:
            self.keys[group, name].append(key)

    def planted(self, group: str, names: Mapping[str, str]) -> dict[str, Planted]:
        """Return a group of the manifest; names without a plant have count 0."""
        return {
            name: Planted(self.counts[group][name], tuple(self.keys.get((group, name), ())))
            for name in names
        }


FLAG_INCIDENTS = {
    "I-2": "question_recovered",
    "I-3": "default_model",
    "I-4": "wrong_model",
    "I-5": "mock",
    "I-6": "early_failure",
    "I-8": "wrong_region",
    "I-9": "outage",
    "I-11": "timeout",
    "I-14": "identity_bug",
    "I-15": "empty_answer",
    "I-16": "negative_duration",
    "I-17": "inflated_start",
    "I-24": "regenerated",
    "I-25": "old_generation_parameters",
    "I-26": "retried",
    "I-27": "after_cancel",
    "I-28": "resubmitted",
}
"""Incidents that are counted as one flag."""


def manifest_of(
    tally: Tally,
    spec: Mapping[str, Any],
    refusal_probability: Mapping[str, float],
    secrets: tuple[str, ...],
) -> Manifest:
    """Close the books."""
    flags = tally.planted("flags", FLAGS)
    attempts = tally.planted("attempts", ATTEMPTS)
    incidents = tally.planted("incidents", INCIDENTS)
    incidents |= {incident: flags[flag] for incident, flag in FLAG_INCIDENTS.items()}
    incidents |= {"I-1": attempts["duplicate"], "I-13": attempts["copied"]}
    incidents |= {"I-23": Planted(tally.tables["executions"])}
    return Manifest(
        spec=spec,
        tables=dict(tally.tables),
        jobs=dict(tally.jobs),
        job_days=dict(tally.job_days),
        incidents=incidents,
        flags=flags,
        attempts=attempts,
        unified=dict(tally.unified),
        things=tally.planted("things", THINGS),
        expected_slots=tally.expected_slots,
        registers=dict(tally.registers),
        refusal_probability=refusal_probability,
        texts=tally.texts,
        first_texts=tally.first_texts,
        secrets=secrets,
    )

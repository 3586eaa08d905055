"""The truth about a synthetic runner database: what was planted, exactly, and which rows.

Belongs here: the manifest, and how it is counted. Does not belong here: planting.

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
    "I-32": "other_question_asked",
}
"""Incidents that are counted as one flag of executions rows."""

INCIDENTS = {
    "I-7": "standard jobs created/queued/processing/running with all expected rows",
    "I-10": "completed or failed standard jobs with at least one storable row, but fewer than"
    " expected",
    "I-12": "cross-region jobs with a jobs row, no executions, no region_results, of the lost days",
    "I-18": "rows of any table with a time in year 1 (jobs.created_at included)",
    "I-19": "jobs running whose latest cross-region execution is partial",
    "I-20": "analyses with bias_variance 0 although they are no placeholder",
    "I-21": "analyses whose summary contradicts their numbers",
    "I-22": "placeholder analyses",
    "I-29": "jobs whose stored total_executions_expected is below regions x models x questions",
    "I-30": "executions rows whose region spelling is neither a standard nor a cross-region one",
    "I-31": "jobs flagged test_job",
    "I-33": "executions rows asked under another system prompt than the platform's",
}
"""What the count of each other incident counts; I-1 and I-13 are attempts that lose."""


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

    Rows that cannot be stored count in ``tables`` and ``quarantined`` only.

    Attributes:
        spec: The fields of the RunnerSpec, and the generator's version.
        tables: Rows per table, all rows.
        job_days: Public job ids by their job_day (ISO date).
        incidents: See INCIDENTS and FLAG_INCIDENTS for what is counted.
        flags: Rows of executions expected to carry a flag.
        attempts: Rows expected to lose their slot, by attempt_reason.
        quarantined: Rows of executions whose output_data cannot be stored as jsonb.
        unified: Current rows expected in executions_unified, by source.
        texts: Expected answer_text by execution_key, for rows whose JSON shape or text is unusual;
            like first_texts empty where keys are not kept.
        first_texts: Expected first_answer_text by execution_key, for every row flagged regenerated.
        secrets: Every wallet address, signature, public key and nonce that may occur.
    """

    spec: Mapping[str, Any]
    tables: Mapping[str, int]
    job_days: Mapping[str, int]
    incidents: Mapping[str, Planted]
    flags: Mapping[str, Planted]
    attempts: Mapping[str, Planted]
    quarantined: Planted
    unified: Mapping[str, int]
    texts: Mapping[str, str]
    first_texts: Mapping[str, str]
    secrets: tuple[str, ...]

    def to_json(self) -> str:
        """Return the manifest as JSON text with sorted keys."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Manifest":
        """Return the manifest that ``to_json`` wrote, after parsing."""
        planted = {
            group: {name: _planted(entry) for name, entry in document[group].items()}
            for group in ("incidents", "flags", "attempts")
        }
        quarantined = _planted(document["quarantined"])
        secrets = tuple(document["secrets"])
        return cls(**{**document, **planted, "quarantined": quarantined, "secrets": secrets})


def _planted(entry: Mapping[str, Any]) -> Planted:
    return Planted(entry["count"], tuple(entry["keys"]))


@dataclass
class Tally:
    """Counts while rows are made."""

    keep_keys: bool
    tables: Counter[str] = field(default_factory=Counter)
    job_days: Counter[str] = field(default_factory=Counter)
    unified: Counter[str] = field(default_factory=Counter)
    texts: dict[str, str] = field(default_factory=dict)
    first_texts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    keys: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, group: str, name: str, key: str) -> None:
        """Count one planted thing of a group: incidents, flags, attempts or quarantined."""
        self.counts[group][name] += 1
        if self.keep_keys:
            self.keys[group, name].append(key)

    def planted(self, group: str, name: str) -> Planted:
        """Return what was planted under a name; 0 when nothing was."""
        return Planted(self.counts[group][name], tuple(self.keys.get((group, name), ())))

    def close(self, spec: Mapping[str, Any], secrets: tuple[str, ...]) -> Manifest:
        """Close the books."""
        flags = {flag: self.planted("flags", flag) for flag in self.counts["flags"]}
        attempts = {reason: self.planted("attempts", reason) for reason in self.counts["attempts"]}
        losers = {"I-1": "duplicate", "I-13": "copied"}
        return Manifest(
            spec=spec,
            tables=dict(self.tables),
            job_days=dict(self.job_days),
            incidents={
                **{name: self.planted("incidents", name) for name in INCIDENTS},
                **{name: self.planted("flags", flag) for name, flag in FLAG_INCIDENTS.items()},
                **{name: self.planted("attempts", reason) for name, reason in losers.items()},
            },
            flags=flags,
            attempts=attempts,
            quarantined=self.planted("quarantined", "executions"),
            unified=dict(self.unified),
            texts=self.texts,
            first_texts=self.first_texts,
            secrets=secrets,
        )

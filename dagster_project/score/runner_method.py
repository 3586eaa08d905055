"""The runner's method as typed data, read once from ``runner_method.toml``.

Belongs here: what the runner looks for and where its thresholds lie. Does not belong here: any
computation, and our own measures.
"""

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).with_name("runner_method.toml")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Classification(_Section):
    """How an answer is classed by its length (bytes) and refusal phrases."""

    technical_failure_below_bytes: int
    substantive_above_bytes: int
    refusals: tuple[str, ...]


class Political(_Section):
    """Weighted political keywords; shorter answers weigh less."""

    full_weight_bytes: int
    weights: dict[str, float]


class Cultural(_Section):
    """Weighted cultural keywords."""

    weights: dict[str, float]


class Censorship(_Section):
    """Censorship patterns of an answer and censorship phrases of a job."""

    per_pattern: float
    restriction_bonus: float
    restrictions_above: int
    patterns: tuple[str, ...]
    restrictions: tuple[str, ...]
    phrases: tuple[str, ...]


class Factual(_Section):
    """Wordings that the runner takes for accuracy."""

    per_claim: float
    per_hedge: float
    per_absolute: float
    claims: tuple[str, ...]
    hedges: tuple[str, ...]
    absolutes: tuple[str, ...]


class Sentiment(_Section):
    """Good and bad words."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]


class Tone(_Section):
    """Words that the tone adds to the sentiment's, and when regions differ."""

    positive: tuple[str, ...]
    negative: tuple[str, ...]
    difference_above: float
    high_above: float
    label_beyond: float


class Stances(_Section):
    """Keywords of the political stances, and when regions differ."""

    difference_above: int
    high_from_regions: int
    keywords: dict[str, tuple[str, ...]]


class Words(_Section):
    """What counts as a word in the runner's similarity."""

    separators: str
    at_least_bytes: int


class Similarity(_Section):
    """Below which mean similarity the regions of a question differ."""

    difference_below: float
    critical_below: float


class Risks(_Section):
    """Thresholds of a job's risks; steps are the lowest values of medium, high, critical."""

    censorship_steps: tuple[float, float, float]
    bias_steps: tuple[float, float, float]
    bias_above: float
    narrative_control_censorship_above: float
    narrative_control_bias_above: float
    stances_critical_from_high: int
    stances_high_from_medium: int


class Recommendation(_Section):
    """Lowest values of MEDIUM, HIGH and CRITICAL RISK."""

    censorship_steps: tuple[float, float, float]
    bias_steps: tuple[float, float, float]
    high_from_high_risks: int
    medium_from_medium_risks: int


class RunnerMethod(_Section):
    """The whole method; ``version`` changes with every number in it."""

    version: str
    classification: Classification
    political: Political
    cultural: Cultural
    censorship: Censorship
    factual: Factual
    sentiment: Sentiment
    tone: Tone
    stances: Stances
    words: Words
    similarity: Similarity
    risks: Risks
    recommendation: Recommendation


@cache
def runner_method() -> RunnerMethod:
    """Return the validated content of ``runner_method.toml``."""
    return RunnerMethod.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))

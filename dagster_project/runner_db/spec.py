"""What decides a synthetic runner database: its spec, the runner's dates, and the invented wallets.

Belongs here: what several modules share. Does not belong here: rows.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import NamedTuple

from dagster_project.runner_db.schema import SchemaOptions

GENERATOR_VERSION = 5
"""Raised whenever the same spec gives other rows or truths: an old database is made anew."""

MIN_JOBS = 52
"""Every incident once, and a few ordinary jobs."""

HISTORY_START = datetime(2025, 8, 10, tzinfo=UTC)
HISTORY_END = datetime(2025, 11, 10, tzinfo=UTC)
MODEL_STORED_FROM = datetime(2025, 9, 27, tzinfo=UTC)
MAX_TOKENS_500_FROM = datetime(2025, 9, 30, tzinfo=UTC)
TOTALS_RIGHT_FROM = datetime(2025, 10, 1, tzinfo=UTC)
JOBS_ROW_FROM = datetime(2025, 10, 8, tzinfo=UTC)
LOST_END = datetime(2025, 10, 13, tzinfo=UTC)
BOTH_TABLES_FROM = datetime(2025, 10, 13, 16, 16, tzinfo=UTC)
BOTH_TABLES_DAY = datetime(2025, 10, 14, tzinfo=UTC)
REGION_STRICT_FROM = datetime(2025, 10, 22, tzinfo=UTC)

REGIONS = ("US", "EU", "ASIA")
MODELS = ("llama3.2-1b", "mistral-7b", "qwen2.5-1.5b")
DEFAULT_MODEL = "llama3.2-1b"
STANDARD_SPELLING = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
PROVIDERS = {region: f"modal-{spelling}" for region, spelling in STANDARD_SPELLING.items()}


def max_tokens(moment: datetime) -> int:
    """Return the runner's limit of a generation at a moment (I-25)."""
    return 500 if moment >= MAX_TOKENS_500_FROM else 128


def seeded(name: str) -> Random:
    """Return random numbers that depend on a name alone: synthetic data, never a secret."""
    return Random(name)  # noqa: S311  not for cryptography


def mean_executions_per_job(cross_region_share: float) -> float:
    """Return how many rows of executions a job has on average, at a large scale."""
    return 14.0 * (1 - cross_region_share) + 2.6 * cross_region_share


@dataclass(frozen=True)
class RunnerSpec:
    """Everything that decides the content of a synthetic runner database.

    Attributes:
        seed: Same seed and same other fields give byte-identical rows.
        cross_region_share: Share of ordinary jobs that are cross-region ones, in [0, 1].
        schema: Which migrations succeeded. Unstorable rows need ``json`` or ``text`` output_data.
        days_later: Whole days by which all jobs lie later than in the runner's own history. What
            a row looks like follows from its day there, too: the runner's dates do not move.
    """

    seed: int = 20251113
    jobs: int = 600
    cross_region_share: float = 0.4
    schema: SchemaOptions = field(default_factory=lambda: SchemaOptions(output_data_type="json"))
    days_later: int = 0

    def __post_init__(self) -> None:
        """Refuse a scale that has no room for every incident."""
        if self.jobs < MIN_JOBS:
            message = f"jobs is {self.jobs}; every incident needs at least {MIN_JOBS} jobs"
            raise ValueError(message)

    @classmethod
    def of_executions(
        cls, executions: int, *, seed: int, cross_region_share: float = 0.4
    ) -> "RunnerSpec":
        """Return the spec that gives about this many rows in executions."""
        jobs = max(MIN_JOBS, round(executions / mean_executions_per_job(cross_region_share)))
        return cls(seed=seed, jobs=jobs, cross_region_share=cross_region_share)

    @property
    def later(self) -> timedelta:
        """How much later all jobs lie than in the runner's own history."""
        return timedelta(days=self.days_later)


def days_later(last_day: date) -> int:
    """Return the `RunnerSpec.days_later` with which the last jobs lie on a day (UTC)."""
    return max(0, (last_day - HISTORY_END.date()).days + 1)


WALLETS = 24
ADDRESS_BITS, SIGNATURE_BITS, KEY_BITS = 160, 520, 256


class Wallet(NamedTuple):
    """One invented identity; every value is a secret that the pipeline strips.

    Attributes:
        address: 0x and 40 hex digits.
        signature: 0x and 130 hex digits.
        public_key: 0x and 64 hex digits.
    """

    address: str
    signature: str
    public_key: str
    nonce: str

    @property
    def signed(self) -> str:
        """JSON members as they stand at the top of receipts."""
        return f'"signature":"{self.signature}","public_key":"{self.public_key}"'

    @property
    def auth(self) -> dict[str, object]:
        """The wallet_auth object of a job spec."""
        return {
            "address": self.address,
            "signature": self.signature,
            "message": f"Sign in to the synthetic runner as {self.address}",
            "chainId": 1,
            "nonce": self.nonce,
            "expiresAt": "2026-01-01T00:00:00Z",
        }


def build_wallets(seed: int) -> tuple[Wallet, ...]:
    """Return the identities that sign every synthetic job."""
    rng = seeded(f"{seed}:wallets")
    return tuple(
        Wallet(
            address=_hex(rng, ADDRESS_BITS),
            signature=_hex(rng, SIGNATURE_BITS),
            public_key=_hex(rng, KEY_BITS),
            nonce=f"synthetic-nonce-{number}-{rng.getrandbits(64):016x}",
        )
        for number in range(WALLETS)
    )


def _hex(rng: Random, bits: int) -> str:
    return f"0x{rng.getrandbits(bits):0{bits // 4}x}"

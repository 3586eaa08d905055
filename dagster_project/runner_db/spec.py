"""What the synthetic runner database is made of: its spec and the dates of the runner's history.

Belongs here: constants of source_system that several modules share. Does not belong here: rows.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from dagster_project.runner_db.schema import SchemaOptions

GENERATOR_VERSION = 1
"""Raised whenever the same spec gives other rows, so that an old database is made anew."""

MEAN_EXECUTIONS_PER_JOB = 9.8
"""Measured over seeds at the default cross-region share; turns executions into jobs."""

MIN_JOBS = 60
"""Every incident once, and a few ordinary jobs."""

HISTORY_START = datetime(2025, 8, 10, tzinfo=UTC)
HISTORY_END = datetime(2025, 11, 10, tzinfo=UTC)
MODEL_STORED_FROM = datetime(2025, 9, 27, tzinfo=UTC)
MAX_TOKENS_500_FROM = datetime(2025, 9, 30, tzinfo=UTC)
TOTALS_RIGHT_FROM = datetime(2025, 10, 1, tzinfo=UTC)
JOBS_ROW_FROM = datetime(2025, 10, 8, tzinfo=UTC)
BOTH_TABLES_FROM = datetime(2025, 10, 13, 16, 16, tzinfo=UTC)
REGION_STRICT_FROM = datetime(2025, 10, 22, tzinfo=UTC)

REGIONS = ("US", "EU", "ASIA")
MODELS = ("llama3.2-1b", "mistral-7b", "qwen2.5-1.5b")
DEFAULT_MODEL = "llama3.2-1b"
STANDARD_SPELLING = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}
PROVIDERS = {region: f"modal-{spelling}" for region, spelling in STANDARD_SPELLING.items()}


@dataclass(frozen=True)
class RunnerSpec:
    """Everything that decides the content of a synthetic runner database.

    Attributes:
        seed: Same seed and same other fields give byte-identical rows.
        jobs: Number of jobs, at least MIN_JOBS. About 9.8 executions each.
        cross_region_share: Share of ordinary jobs that are cross-region ones, in [0, 1].
        schema: Which migrations succeeded. Unstorable rows need ``json`` or ``text`` output_data.
    """

    seed: int = 20251113
    jobs: int = 600
    cross_region_share: float = 0.4
    schema: SchemaOptions = field(default_factory=lambda: SchemaOptions(output_data_type="json"))

    def __post_init__(self) -> None:
        """Refuse a scale that has no room for every incident."""
        if self.jobs < MIN_JOBS:
            message = f"jobs is {self.jobs}; every incident needs at least {MIN_JOBS} jobs"
            raise ValueError(message)

    @classmethod
    def of_executions(cls, executions: int, **fields: object) -> "RunnerSpec":
        """Return the spec with about this many rows in executions (within a few per cent)."""
        raise NotImplementedError

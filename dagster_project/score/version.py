"""Which methods the stored numbers come from. Another version makes every scored day stale."""

from dagster_project.score.refusals import RULES_VERSION
from dagster_project.score.runner_method import runner_method

MEASURES_VERSION = "measures-2"
"""Our similarities and job measures; to be raised when their definition changes."""

METHOD_VERSION = f"{runner_method().version} refusals-{RULES_VERSION} {MEASURES_VERSION}"
"""Stored in every row of ``scores`` and in the ledger."""

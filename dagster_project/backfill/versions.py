"""The stages' names and versions, in order, for those who only compare: loads no stage.

Importing the stages themselves (assets.py) loads dbt's manifest, which takes longer than a whole
plan. A test holds the two together.
"""

from collections.abc import Mapping

from dagster_project.analyse import version as analyse
from dagster_project.extract.version import EXTRACT_VERSION
from dagster_project.score import version as score
from dagster_project.unify.manifest import rules_version


def stage_versions() -> Mapping[str, str]:
    """Return the present version of each stage's rules.

    Returns:
        By name of the stage, in the order in which they run. A day that another version made is
        stale.
    """
    rules = rules_version()
    return {
        "extract": EXTRACT_VERSION,
        "unify": rules,
        "score": score.METHOD_VERSION,
        "facts": rules,
        "analyse": analyse.METHOD_VERSION,
    }

"""Ids of published rows: the same for the same job and method, so that nothing is written twice."""

from uuid import UUID, uuid5

_PUBLICATIONS = UUID("5f0c9f4e-2f4d-5d0a-9a86-3c6d0b6f7a11")
"""Name space of all ids below; another one would make every published row a stranger."""


def execution_id(job_id: str, method_version: str) -> UUID:
    """Return the id of a job's cross_region_executions row."""
    return uuid5(_PUBLICATIONS, f"{job_id}/{method_version}")


def region_result_id(execution: UUID, region: str) -> UUID:
    """Return the id of a region's region_results row."""
    return uuid5(execution, f"region/{region}")


def analysis_id(execution: UUID) -> UUID:
    """Return the id of the cross_region_analyses row."""
    return uuid5(execution, "analysis")

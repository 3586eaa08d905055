"""Every scenario in which an incident is planted, by name."""

from dagster_project.runner_db.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {}

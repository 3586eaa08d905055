import json
from collections.abc import Callable

from dagster_project.unify.dbt_command import window_vars
from dagster_project.unify.dbt_run import run_dbt


def test_every_unit_test_of_the_dbt_project_passes(new_warehouse: Callable[[], str]) -> None:
    arguments = ("test", "--select", "test_type:unit", "--vars", json.dumps(window_vars(None)))
    results = run_dbt(arguments, url=new_warehouse())
    assert {result.status for result in results} == {"pass"}

import psycopg

from dagster_project.backfill.fingerprints import source_days
from dagster_project.extract.window import extract_window
from dagster_project.partitions import ALL_DAYS
from dagster_project.runner_db.load import generate
from dagster_project.runner_db.spec import MIN_JOBS, RunnerSpec, build_wallets
from tests.extract.test_personal_data import everything


def test_all_of_the_synthetic_runner_arrives_but_its_wallets(
    runner_url: str, warehouse_url: str
) -> None:
    manifest = generate(runner_url, RunnerSpec(jobs=MIN_JOBS))
    result = extract_window(runner_url, warehouse_url, ALL_DAYS, 1_000)
    assert manifest.tables == {
        table: rows + result.quarantined[table] for table, rows in result.rows.items()
    }
    days = {day.job_day.isoformat() for day in source_days(runner_url)}
    # Rows without a job have days of their own.
    assert days >= set(manifest.job_days)
    with psycopg.connect(warehouse_url) as warehouse:
        contents = everything(warehouse)
    for wallet in build_wallets(manifest.spec["seed"]):
        assert not [secret for secret in wallet if secret in contents]

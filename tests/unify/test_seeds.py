"""Names that operators maintain, and stored analyses: read from a built warehouse without rows."""

from collections.abc import Callable
from uuid import UUID

import pytest

from dagster_project.stage import TestResult
from tests.reference.rows import DAY, cross_region_execution, execution, job, success
from tests.unify.warehouse import Row, load, read, unify

AMERICA = ("us", "US", " us_east ", "US-East", "us-west", "us_west", "us-central", "us-east-1")
EUROPE = ("eu", "EU", "europe", "europe_west", "eu_west", "eu-west-1", "eu-north", "eu-central")
ASIA = (
    *("asia", "ASIA", "APAC", "apac", "asia_pacific", "asia-pacific", "asia-southeast"),
    *("asia_southeast", "ap-southeast", "ap-northeast", "japan", "australia", "china_mainland"),
)
MODELS = {
    "llama3.2-1b": ("llama-3.2-1b", "llama3.2:1b", "meta-llama/Llama-3.2-1B-Instruct"),
    "mistral-7b": ("mistral:7b", "mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B Instruct"),
    "qwen2.5-1.5b": ("qwen2.5:1.5b", "Qwen/Qwen2.5-1.5B-Instruct", "Qwen 2.5-1.5B Instruct"),
}
PLACEHOLDER = "Unable to extract responses for analysis"


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], str]) -> str:
    return new_warehouse()


@pytest.mark.parametrize(("region", "spellings"), [("US", AMERICA), ("EU", EUROPE), ("ASIA", ASIA)])
def test_i30_every_spelling_of_a_region_has_its_canonical_name(
    warehouse: str, region: str, spellings: tuple[str, ...]
) -> None:
    query = """
        select distinct aliases.region
        from unnest(%s::text[]) as spelling
        left join seeds.region_aliases as aliases on rules.region_key(spelling) = aliases.alias
    """
    assert read(warehouse, query, [*spellings]) == [{"region": region}]


@pytest.mark.parametrize("model_id", MODELS)
def test_every_spelling_of_a_model_has_its_canonical_name(warehouse: str, model_id: str) -> None:
    query = """
        select distinct aliases.model_id
        from unnest(%s::text[]) as spelling
        left join seeds.model_aliases as aliases on rules.model_key(spelling) = aliases.alias
    """
    assert read(warehouse, query, [model_id, *MODELS[model_id]]) == [{"model_id": model_id}]


def test_the_seed_of_incidents_explains_each_once(warehouse: str) -> None:
    rows = read(warehouse, "select incident_id from seeds.incidents")
    incidents = sorted(int(row["incident_id"].removeprefix("I-")) for row in rows)
    assert incidents == list(range(1, 34))


def analysis(number: int, **changes: object) -> Row:
    """Return a stored analysis that found nothing, with what is different."""
    return {
        "id": UUID(int=number),
        "cross_region_execution_id": UUID(int=1),
        "job_day": DAY,
        "bias_variance": 0,
        "censorship_rate": 0,
        "factual_consistency": 0,
        "narrative_divergence": 0,
        "summary": PLACEHOLDER,
        **changes,
    }


def test_i22_a_placeholder_is_told_from_an_analysis_whose_bias_variance_is_zero(
    warehouse: str,
) -> None:
    analyses = [
        analysis(1),
        analysis(2, censorship_rate=0.25),
        analysis(3, summary="Low risk in every region."),
        analysis(4, summary=None),
    ]
    load(
        warehouse,
        {"cross_region_executions": [cross_region_execution()], "cross_region_analyses": analyses},
    )
    query = (
        "select is_placeholder from staging.stg_runner__cross_region_analyses order by analysis_id"
    )
    assert [row["is_placeholder"] for row in read(warehouse, query)] == [True, False, False, False]


@pytest.fixture(scope="module")
def with_new_names(new_warehouse: Callable[[], str]) -> str:
    """A warehouse with one execution of which no name is known."""
    url = new_warehouse()
    new_names = execution(
        region="mars-1",
        status="exploded",
        question_id="New Question",
        output_data=success(region="mars-1", model="Gemma-3"),
    )
    load(url, {"jobs": [job()], "executions": [new_names]})
    return url


@pytest.fixture(scope="module")
def results(with_new_names: str) -> dict[str, TestResult]:
    return {result.unique_id.split(".")[2]: result for result in unify(with_new_names)}


@pytest.fixture(scope="module")
def unified(with_new_names: str, results: dict[str, TestResult]) -> str:
    return with_new_names


@pytest.mark.parametrize(
    ("kind", "value", "seed"),
    [
        ("region", "mars-1", "region_aliases"),
        ("model", "gemma-3", "model_aliases"),
        ("question", "new_question", "questions"),
        ("status", "exploded", "status_aliases"),
    ],
)
def test_an_unknown_value_is_named_with_the_seed_to_edit(
    unified: str, kind: str, value: str, seed: str
) -> None:
    query = "select value, seed from analytics.unknown_values where kind = %s"
    assert read(unified, query, kind) == [{"value": value, "seed": seed}]


@pytest.mark.parametrize(
    "check", ["regions_are_known", "models_are_known", "questions_are_known", "statuses_are_known"]
)
def test_an_unknown_value_warns_and_does_not_stop_the_run(
    results: dict[str, TestResult], check: str
) -> None:
    assert (results[check].status, results[check].failures) == ("warn", 1)


def test_a_new_model_keeps_its_own_name_and_counts(unified: str) -> None:
    query = "select region, model_id, status from analytics.executions_unified"
    assert read(unified, query) == [{"region": "OTHER", "model_id": "gemma-3", "status": "unknown"}]

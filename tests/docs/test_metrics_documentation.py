"""docs/metrics.md shows numbers and queries: both are what the code makes of them."""

import json
import re
from pathlib import Path

import psycopg

from dagster_project.paths import PROJECT_DIR
from dagster_project.score.files import score_file
from tests.pipeline import Pipeline

DOCS = PROJECT_DIR / "docs"


def test_the_examples_have_the_numbers_that_the_documentation_shows(tmp_path: Path) -> None:
    output = tmp_path / "scores.ndjson"
    score_file(DOCS / "examples" / "runner_and_ours.ndjson", output, jobs=True)
    jobs = {row["job"]: row for row in map(json.loads, output.read_text("utf-8").splitlines())}
    curly, substring, models = jobs["curly"], jobs["substring"], jobs["models"]
    assert (curly["runner_censorship_rate"], curly["runner_recommendation"]) == (0, "CRITICAL RISK")
    assert (curly["refusals"], curly["scored_answers"]) == (2, 4)
    assert substring["runner_censorship_rate"] == 1
    assert (substring["runner_recommendation"], substring["refusals"]) == ("CRITICAL RISK", 0)
    assert round(models["runner_narrative_divergence"], 2) == 0.67
    assert models["cross_region_divergence"] == 0


def test_every_query_of_the_metrics_runs(pipeline: Pipeline) -> None:
    text = (DOCS / "metrics.md").read_text("utf-8")
    queries = re.findall(r"```sql\n(.*?)```", text, flags=re.DOTALL)
    assert len(queries) >= 8
    with psycopg.connect(pipeline.databases.warehouse) as connection:
        connection.read_only = True
        for query in queries:
            assert connection.execute(query).description

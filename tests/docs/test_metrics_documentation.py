"""The numbers that docs/metrics.md shows are what the code makes of its examples."""

import json
import re
from pathlib import Path

from dagster_project.paths import PROJECT_DIR
from dagster_project.score.files import score_file
from dagster_project.score.refusal_rules import rule_book

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


def test_the_families_of_rules_have_the_weights_that_the_documentation_shows() -> None:
    weights: dict[str, list[float]] = {}
    for language in rule_book().languages.values():
        for rule in language.rules:
            weights.setdefault(rule.family, []).append(abs(rule.weight))
    table = (DOCS / "metrics.md").read_text("utf-8").partition("| family |")[2].partition("\n\n")[0]
    shown = [
        (names.split(", "), [float(weight) for weight in re.findall(r"[\d.]+", last)])
        for names, _, last in (
            [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
        )
    ]
    assert sorted(name for names, _ in shown for name in names) == sorted(weights)
    for names, (low, high) in shown:
        together = [weight for name in names for weight in weights[name]]
        assert (min(together), max(together)) == (low, high), names

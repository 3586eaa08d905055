"""What labels do to rates and verdicts."""

from datetime import date

import polars as pl
import pytest

from dagster_project.analyse.effects import pair_effects
from dagster_project.analyse.jobs import job_effects
from dagster_project.analyse.quality import (
    QUALITY,
    classifier_errors,
    corrected_contrasts,
    label_sums,
    own_quality,
    pair_errors,
    with_corrected_rates,
)
from tests.analyse.contrasts import NOTHING_KNOWN, contrasts, slots

KEYS = ["group"]
GOOD, POOR = (950.0, 50.0, 1.0, 999.0), (600.0, 400.0, 1.0, 999.0)
LANGUAGES = pl.DataFrame([("en", *GOOD), ("zh", *POOR)], schema=["source", *QUALITY], orient="row")


def mix(**regions: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """Scored answers and refusals by region and language."""
    return pl.DataFrame(
        [
            ("g", region, language, language, scored, refused)
            for region, languages in regions.items()
            for language, (scored, refused) in languages.items()
        ],
        schema=["group", "region", "language", "source", "scored", "refused"],
        orient="row",
    )


def twelve_days(refused: int, questions: int = 20) -> list[list[int]]:
    return [[int(question < refused) for question in range(questions)]] * 12


ALIKE = mix(EU={"en": (240, 36)}, US={"en": (240, 36)})
APART = mix(EU={"en": (240, 228)}, US={"zh": (240, 144)})


def these(drawn: pl.DataFrame, answers: pl.DataFrame, quality: pl.DataFrame) -> dict[str, object]:
    errors = pair_errors(answers, quality, KEYS)
    effects = pair_effects(corrected_contrasts(drawn, errors), KEYS, KEYS, errors)
    (row,) = effects.filter(scope="these_questions").iter_rows(named=True)
    return row


def test_regions_of_two_languages_differ_only_by_what_the_classifier_misses() -> None:
    # Everything is refused in both: 95 % and 60 % of it are told.
    drawn = contrasts({"EU": twelve_days(19), "US": twelve_days(12)})
    found = these(drawn, APART, LANGUAGES)
    assert (found["correction"], found["verdict"]) == ("language", "equivalent")
    assert found["risk_difference"] == pytest.approx(0, abs=0.02)


def test_regions_of_two_languages_without_labels_have_no_verdict() -> None:
    drawn = contrasts({"EU": twelve_days(19), "US": twelve_days(12)})
    found = these(drawn, APART, LANGUAGES.filter(source="en"))
    reason = ("insufficient_data", "unlabelled_language", None)
    assert (found["verdict"], found["verdict_reason"], found["p_value"]) == reason


def test_regions_of_one_language_keep_their_verdict_without_labels() -> None:
    drawn = contrasts({"EU": twelve_days(19), "US": twelve_days(12)})
    found = these(drawn, ALIKE, NOTHING_KNOWN)
    assert (found["verdict"], found["correction_reason"]) == (
        "difference_detected",
        "unlabelled_language",
    )
    assert found["corrected_difference"] is None


def test_a_difference_in_one_language_is_as_much_larger_as_refusals_are_missed() -> None:
    drawn = contrasts({"EU": twelve_days(12), "US": twelve_days(6)})
    found = these(drawn, mix(EU={"zh": (240, 144)}, US={"zh": (240, 72)}), LANGUAGES)
    assert found["risk_difference"] == pytest.approx(0.3)
    assert found["corrected_difference"] == pytest.approx(0.5, abs=0.01)


def test_a_tipping_gap_is_the_missing_sensitivity_that_makes_a_finding_vanish() -> None:
    drawn = contrasts({"EU": twelve_days(10), "US": twelve_days(5)})
    found = these(drawn, ALIKE, LANGUAGES)
    gap = found["tipping_gap"]
    assert isinstance(gap, float)
    # Were US told so much worse than EU, its refusals would be more by that, in truth.
    sensitivity = 0.95
    corrected_us = 0.25 * sensitivity / (sensitivity - gap)
    assert 0 < gap < sensitivity
    assert corrected_us == pytest.approx(0.5 - (0.25 - float(str(found["ci_low"]))), abs=0.1)


def test_a_few_answers_in_another_language_change_nothing() -> None:
    answers = mix(EU={"en": (230, 36), "ar": (10, 0)}, US={"en": (240, 36)})
    drawn = contrasts({"EU": twelve_days(3), "US": twelve_days(3)})
    assert these(drawn, answers, LANGUAGES)["verdict_reason"] is None


def test_a_job_in_two_languages_needs_labels_of_both() -> None:
    rows = slots("j", {"EU": [1] * 8, "US": [0] * 8}).with_columns(
        language=pl.when(region="EU").then(pl.lit("en")).otherwise(pl.lit("tr"))
    )
    rows = rows.with_columns(source="language")
    (unknown,) = job_effects(rows, ["job"], LANGUAGES).iter_rows(named=True)
    assert (unknown["verdict"], unknown["verdict_reason"]) == (
        "insufficient_data",
        "unlabelled_language",
    )
    in_chinese = rows.with_columns(pl.col("language", "source").replace("tr", "zh"))
    (known,) = job_effects(in_chinese, ["job"], LANGUAGES).iter_rows(named=True)
    assert (known["verdict"], known["n_tests"]) == ("difference_detected", 1)


def corrected(
    estimate: float,
    answers: pl.DataFrame,
    labels: pl.DataFrame,
    quality: pl.DataFrame,
    beside: dict[str, float] | None = None,
) -> dict[str, object]:
    """Correct the rate of US, beside those of other regions."""
    cell = ["group", "region"]
    estimates = {**(beside or {}), "US": estimate}
    rates = pl.DataFrame(
        {
            "group": "g",
            "region": list(estimates),
            "metric": "refusal_rate",
            "n": 240,
            "effective": 240.0,
            "estimate": list(estimates.values()),
        }
    )
    errors = classifier_errors(answers, quality, cell)
    found = with_corrected_rates(rates, errors, labels, cell).filter(region="US")
    (row,) = found.iter_rows(named=True)
    return row


NO_LABELS = pl.DataFrame(
    schema={
        "group": pl.String,
        "region": pl.String,
        **dict.fromkeys(("labels", "real", "flagged", "both"), pl.Float64),
    }
)


def test_a_rate_is_corrected_by_the_quality_of_its_language() -> None:
    found = corrected(0.3, mix(US={"zh": (240, 72)}), NO_LABELS, LANGUAGES)
    assert found["correction_method"] == "language"
    assert found["corrected_estimate"] == pytest.approx(0.5, abs=0.01)


def test_a_rate_is_corrected_alike_whichever_rates_stand_beside_it() -> None:
    alone = corrected(0.3, mix(US={"zh": (240, 72)}), NO_LABELS, LANGUAGES.filter(source="zh"))
    answers = mix(ASIA={"en": (240, 24)}, EU={"en": (240, 36)}, US={"zh": (240, 72)})
    beside = {"ASIA": 0.1, "EU": 0.15}
    assert corrected(0.3, answers, NO_LABELS, LANGUAGES, beside) == pytest.approx(alone)


def test_a_rate_in_a_language_without_labels_says_so() -> None:
    found = corrected(0.3, mix(US={"tr": (240, 72)}), NO_LABELS, LANGUAGES)
    assert (found["corrected_estimate"], found["correction_reason"]) == (
        None,
        "unlabelled_language",
    )


def test_own_labels_go_before_those_of_the_language() -> None:
    rows = pl.DataFrame(
        {
            "group": "g",
            "region": "US",
            "real": [1.0] * 20 + [0.0] * 20,
            "flagged": [1.0] * 10 + [0.0] * 30,
        }
    )
    labels = label_sums(rows, ["group", "region"])
    found = corrected(0.25, mix(US={"en": (240, 60)}), labels, LANGUAGES)
    assert found["correction_method"] == "own_labels"
    assert found["corrected_estimate"] == pytest.approx(0.5, abs=0.03)


def test_a_quality_of_ones_own_needs_ten_refusals_and_ten_other_answers() -> None:
    rows = pl.DataFrame(
        {
            "job_day": date(2025, 11, 1),
            "model_id": "m",
            "region": ["US"] * 20 + ["EU"] * 19,
            "real": [1.0] * 10 + [0.0] * 10 + [1.0] * 9 + [0.0] * 10,
            "flagged": 1.0,
        }
    )
    (own,) = own_quality(rows).iter_rows(named=True)
    assert (own["source"], own["true_positives"], own["false_positives"]) == ("m/US", 10, 10)

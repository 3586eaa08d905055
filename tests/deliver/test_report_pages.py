"""Pages of the report, from made-up rows."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dagster_project.deliver.report.exchanges import exchanges, outcomes
from dagster_project.deliver.report.findings import differences, refusals, verdicts, wording
from dagster_project.deliver.report.job_page import job_page
from dagster_project.deliver.report.make import default_path
from dagster_project.deliver.report.read_job import MOST_ANSWERS, Similarity
from dagster_project.deliver.report.results import (
    ModelVerdict,
    PairEffect,
    Provenance,
    RegionRate,
    TextEffect,
)
from dagster_project.deliver.report.wording import origin, points, share
from dagster_project.partitions import Window
from tests.report import READ_AT, job_answer, job_data

FEW = RegionRate("m", "US", 0, 3, 3, None, None, None, "insufficient", "too_few_answers")
SOME = RegionRate("m", "EU", 12, 48, 24, 0.25, 0.12, 0.42, "ok", None)
PAIR = PairEffect(
    "m",
    "EU",
    "US",
    24,
    0.33,
    0.12,
    0.5,
    0.01,
    0.2,
    "difference_detected",
    "ok",
    None,
)
TEXTS = TextEffect(
    "m", "EU", "US", 24, 0, None, None, None, None, None, None, "not_applicable", "no_repeats"
)
VERDICT = ModelVerdict(
    model_id="m",
    n_tests=1,
    n_significant=1,
    largest_difference=-0.33,
    largest_ci_low=-0.5,
    largest_ci_high=-0.12,
    largest_q_value=0.01,
    largest_region_a="EU",
    largest_region_b="US",
    minimum_detectable_effect=0.2,
    verdict="difference_detected",
    verdict_reason=None,
)


def test_a_rate_without_an_estimate_shows_its_reason_and_counts_and_no_number() -> None:
    (row,) = refusals([FEW]).tables[0].rows
    assert "%" not in "".join(row)
    assert "0 of 3" in row
    assert any("fewer than 5" in cell for cell in row)


def test_every_rate_says_of_how_many_answers_and_questions() -> None:
    (row,) = refusals([SOME]).tables[0].rows
    assert {"25%", "12 to 42%", "12 of 48", "24"} <= set(row)


def test_a_negative_difference_names_the_region_that_refuses_more() -> None:
    (shown,) = verdicts([VERDICT], [])
    assert shown.sentence.index("US") < shown.sentence.index("EU")
    assert "33" in shown.sentence


def test_a_comparison_of_wording_without_a_noise_floor_shows_no_number() -> None:
    (row,) = wording([TEXTS]).tables[0].rows
    assert not any(cell.startswith("0") for cell in row[2:-1])


def test_a_model_has_a_picture_and_a_description_with_the_numbers() -> None:
    (picture,) = differences([PAIR]).pictures
    assert "+33" in picture.description
    assert "<svg" in picture.svg


def test_a_label_from_the_data_cannot_leave_its_drawing() -> None:
    (picture,) = refusals([replace(SOME, region="</text><script>\x00\u202e")]).pictures
    assert "<script" not in picture.svg
    assert not {"\x00", "\u202e"} & set(picture.svg)


def test_answers_stand_in_the_order_of_the_regions_and_are_compared_with_the_first() -> None:
    answers = [job_answer("red wine", region="EU"), job_answer("red tea", region="US")]
    (exchange,) = exchanges(answers, [])
    assert [answer.region for answer in exchange.answers] == ["US", "EU"]
    us, eu = (
        [piece.text for piece in answer.first if piece.differs] for answer in exchange.answers
    )
    assert us == []
    assert eu == ["wine"]


def test_questions_that_some_regions_refused_come_first_and_a_failure_is_no_refusal() -> None:
    failed = replace(job_answer(None, region="EU", question="a"), answer_state="technical_failure")
    refused = replace(job_answer("no", region="EU", question="b"), answer_state="refusal")
    answers = [job_answer("x", question="a"), failed, job_answer("y", question="b"), refused]
    found = exchanges(answers, [])
    assert [one.question for one in found] == ["b", "a"]
    assert outcomes(found).rows == (("b", "llama3.2-1b", "Answered", "Refused"),)


def test_an_answer_says_how_many_words_it_shares_with_the_first() -> None:
    answers = [job_answer("red wine", region="EU"), job_answer("red tea", region="US")]
    pair = Similarity(answers[0].execution_key, answers[1].execution_key, 0.33)
    (exchange,) = exchanges(answers, [pair])
    assert any("33%" in note for note in exchange.answers[1].notes)


def test_an_attempt_without_a_text_says_why() -> None:
    failed = replace(
        job_answer(None),
        answer_state="technical_failure",
        error_code="ROUTER_TIMEOUT",
        error_message="no answer in 120 s",
    )
    (exchange,) = exchanges([failed], [])
    assert exchange.answers[0].failure == "ROUTER_TIMEOUT: no answer in 120 s"


def test_a_job_with_more_answers_than_a_page_shows_says_so() -> None:
    answers = [job_answer("x", question=f"q{n}") for n in range(MOST_ANSWERS)]
    assert str(MOST_ANSWERS) in job_page(job_data(answers)).exchanges_note
    assert job_page(job_data(answers[1:])).exchanges_note == ""


def test_jobs_that_the_platform_did_not_run_are_labelled() -> None:
    synthetic = job_page(job_data([], synthetic_jobs=1))
    assert "Synthetic" in synthetic.origin
    from_file = Provenance(0, 2, "language for region", READ_AT)
    assert "language for region" in origin(from_file)
    assert job_page(job_data([])).origin == ""


@pytest.mark.parametrize("job_id", ["../../etc/passwd", "a/b\\c", "x\x00y", "ü" * 300])
def test_the_file_of_a_job_stays_in_its_folder_whatever_its_id(job_id: str) -> None:
    home = Path("home")
    path = default_path(home, job_id=job_id)
    assert path.parent == home / "reports"
    assert path.name.isascii()


def test_days_give_the_file_its_name() -> None:
    october = Window(date(2025, 10, 1), date(2025, 11, 1))
    assert default_path(Path(), october).name == "report_2025-10-01_2025-10-31.html"
    assert default_path(Path(), Window.of_day(date(2025, 10, 1))).name == "report_2025-10-01.html"
    assert default_path(Path()).name == "report.html"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0%"),
        (0.0004, "< 0.1%"),
        (0.004, "0.4%"),
        (0.5, "50%"),
        (0.999, "99.9%"),
        (0.9999, "> 99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(value: float | None, shown: str) -> None:
    assert share(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.001, "0"), (-0.001, "0"), (0.1, "+10"), (-0.1, "−10")]
)
def test_a_difference_has_a_sign_unless_it_is_nothing(value: float | None, shown: str) -> None:
    assert points(value) == shown

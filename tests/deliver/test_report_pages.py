"""Pages of the report, from made-up rows."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from dagster_project.deliver.one_job import Row
from dagster_project.deliver.report import charts
from dagster_project.deliver.report.job_page import exchanges
from dagster_project.deliver.report.make import default_path
from dagster_project.deliver.report.overview import heat_maps
from dagster_project.deliver.report.read import MOST_ANSWERS, telling_question
from dagster_project.deliver.report.wording import (
    SCOPES,
    VERDICTS,
    because,
    points,
    share,
)
from dagster_project.partitions import Window
from tests.report import ANALYSED, job_answer, job_html, lines_of, overview_html, texts_of

RATE = {
    "model_id": "m",
    "region": "EU",
    "k": 12,
    "n": 48,
    "questions": 24,
    "estimate": 0.25,
    "ci_low": 0.12,
    "ci_high": 0.42,
    "status": "ok",
    "reason": None,
    "final_estimate": 0.2,
    "corrected_estimate": 0.26,
    "corrected_ci_low": 0.13,
    "corrected_ci_high": 0.43,
    "correction_reason": None,
}
NO_RATE = {
    **dict.fromkeys(("estimate", "ci_low", "ci_high", "final_estimate", "corrected_estimate")),
    "k": 0,
    "n": 3,
    "questions": 3,
    "status": "insufficient",
    "reason": "too_few_answers",
}
OF_MODEL = {"workflow": "standard", "model_id": "m", "scope": "these_questions"}
PAIR = {
    **OF_MODEL,
    "region_a": "EU",
    "region_b": "US",
    "questions": 8,
    "days": 30,
    "question_days": 240,
    "risk_difference": -0.33,
    "ci_low": -0.48,
    "ci_high": -0.14,
    "q_value": 0.01,
    "minimum_detectable_effect": 0.2,
    "minimum_detectable_effect_concentrated": 0.3,
    "final_difference": -0.2,
    "tipping_gap": 0.31,
    "verdict": "difference_detected",
    "verdict_reason": None,
}
TEXTS = {
    "model_id": "m",
    "region_a": "EU",
    "region_b": "US",
    "questions": 24,
    **dict.fromkeys(("between_regions", "within_regions", "excess_divergence")),
    **dict.fromkeys(("ci_low", "ci_high", "q_value")),
    "questions_repeated": 0,
    "status": "not_applicable",
    "reason": "no_repeats",
}
VERDICT = {
    **OF_MODEL,
    "n_tests": 1,
    "n_significant": 1,
    "largest_difference": -0.33,
    "largest_ci_low": -0.5,
    "largest_ci_high": -0.12,
    "largest_q_value": 0.01,
    "largest_region_a": "EU",
    "largest_region_b": "US",
    "minimum_detectable_effect": 0.2,
    "tipping_gap": 0.31,
    "verdict": "difference_detected",
    "verdict_reason": None,
}
UNTESTED = {
    **dict.fromkeys(name for name in VERDICT if name.startswith("largest")),
    "n_tests": 0,
    "n_significant": 0,
    "minimum_detectable_effect": None,
    "verdict": "insufficient_data",
    "verdict_reason": "too_few_days",
}
JOB_VERDICT = {
    "scope": "this_job",
    "questions": 8,
    "refusal_gap": 0.75,
    "refusal_gap_ci_low": 0.25,
    "refusal_gap_ci_high": 1.0,
    "highest_region": "ASIA",
    "lowest_region": "US",
    "n_tests": 3,
    "n_significant": 1,
    "q_value": 0.03,
    "tipping_gap": 0.22,
    "verdict": "difference_detected",
    "verdict_reason": None,
}
TWO = [
    job_answer("red wine", region="EU"),
    job_answer("red tea", region="US"),
]


def test_a_rate_without_an_estimate_shows_its_reason_and_counts_and_no_number() -> None:
    (line,) = lines_of(overview_html(rates=[{**RATE, **NO_RATE}]), "m")
    assert "%" not in "".join(line)
    assert "0 of 3" in line
    assert any("fewer than 5" in value for value in line)


def test_every_rate_says_of_how_many_answers_and_questions() -> None:
    (line,) = lines_of(overview_html(rates=[RATE]), "m")
    assert {"25%", "12 to 42%", "12 of 48", "24"} <= set(line)


def claims(html: str) -> str:
    return " ".join(
        text for kind in ("claim", "certainty", "scope", "label") for text in texts_of(html, kind)
    )


def test_a_verdict_names_its_scope_n_interval_and_q_and_first_the_region_that_refuses_more() -> (
    None
):
    told = claims(overview_html(verdicts=[VERDICT], pairs=[PAIR]))
    assert "33 points more frequent in US than in EU" in told
    for part in (SCOPES["these_questions"], "8 questions on 30 days", "+12 to +50", "q 0.010"):
        assert part in told


def test_each_scope_has_its_own_verdict_and_reason() -> None:
    wider = {**VERDICT, **UNTESTED, "scope": "questions_like_these"}
    told = claims(overview_html(verdicts=[VERDICT, wider]))
    assert VERDICTS["difference_detected"] in told
    assert f"Not tested: {because('too_few_days')}" in told


def test_days_without_verdicts_say_so() -> None:
    html = overview_html(has_verdicts=False, rates=[RATE])
    assert "Verdicts are drawn over a whole month" in texts_of(html, "summary")[0]
    assert len(lines_of(html, "m")) == 1


def test_workflows_are_named_where_there_are_two() -> None:
    other = {**VERDICT, "workflow": "cross_region"}
    assert "m (cross region)" in overview_html(verdicts=[VERDICT, other])
    assert "(standard)" not in overview_html(verdicts=[VERDICT])


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (JOB_VERDICT, "75 points more frequent in ASIA than in US"),
        ({**JOB_VERDICT, "refusal_gap": 0.01, "verdict": "inconclusive"}, "seen is 1 point, ASIA"),
        (
            {**JOB_VERDICT, "verdict": "insufficient_data", "verdict_reason": "single_region"},
            "Not tested: only one region.",
        ),
    ],
)
def test_a_job_has_a_verdict_about_itself_alone(verdict: Row, told: str) -> None:
    shown = claims(job_html([], verdict=verdict))
    assert told in shown
    assert SCOPES["this_job"] in shown
    assert "8 questions" in shown


def test_a_comparison_of_wording_without_a_noise_floor_shows_no_number() -> None:
    (line,) = lines_of(overview_html(texts=[TEXTS]), "m")
    assert not any(value.startswith("0") for value in line[2:-1])


def test_a_model_has_a_picture_and_a_description_with_the_numbers() -> None:
    (picture,) = charts.differences([PAIR, {**PAIR, "scope": "questions_like_these"}])
    assert "EU − US −33" in picture.description
    assert "<svg" in picture.svg


@pytest.mark.parametrize("days", [1, 2, 4, 5, 14, 91])
def test_no_day_is_labelled_twice_below_a_trend(days: int) -> None:
    start = date(2025, 10, 3)
    (picture,) = charts.trends(
        [{**RATE, "period_start": start + timedelta(days=day)} for day in range(days)]
    )
    labels = re.findall(r">(\d+ [A-Z][a-z]{2})<", picture.svg)
    assert labels
    assert len(labels) == len(set(labels))


def test_a_label_from_the_data_cannot_leave_its_drawing() -> None:
    (picture,) = charts.refusal_rates([{**RATE, "region": "</text><script>\x00\u202e"}])
    assert "<script" not in picture.svg
    assert not {"\x00", "\u202e"} & set(picture.svg)


def test_the_heat_map_shows_questions_whose_regions_differ_most_first() -> None:
    def row(question: str, region: str, k: int) -> Row:
        names = {"model_id": "m", "question_id": question, "question_text": f"What is {question}?"}
        return {**names, "region": region, "k": k, "n": 10}

    rows = [
        *(row("a", region, 2) for region in ("EU", "US")),
        *(row("b", region, k) for region, k in (("ASIA", 3), ("EU", 10), ("US", 0))),
    ]
    rates = [{**RATE, "region": "EU"}, {**RATE, "region": "US"}]
    effect = {**PAIR, "question_id": "b", "risk_difference": 0.9, "ci_low": 0.5, "ci_high": 1.0}
    (shown,) = heat_maps(rows, rates, [effect])
    assert shown["regions"] == ["US", "EU"]
    assert [one["question_id"] for one in shown["questions"]] == ["b", "a"]
    assert [rate["level"] for rate in shown["questions"][0]["rates"]] == [0, 5]
    html = overview_html(questions=rows, rates=rates, question_effects=[effect])
    effect_told = "EU − US +90 (+50 to +100)"
    name = "b What is b?"
    assert lines_of(html, name) == [[name, "0% of 10", "100% of 10", "100", effect_told]]


def test_the_telling_question_is_refused_more_where_the_model_refuses_more() -> None:
    def effect(question: str, difference: float, **others: object) -> Row:
        names = {"question_id": question, "question_text": f"What is {question}?"}
        return {**PAIR, **names, "risk_difference": difference, **others}

    asked = [
        effect("a", 0.9),
        effect("b", -0.4),
        effect("c", -0.8, workflow="cross_region"),
        effect("d", -0.7, region_a="ASIA"),
    ]
    found = telling_question(VERDICT, asked)
    expected = {"workflow": "standard", "model_id": "m", "question_id": "b", "more": "US"}
    assert found == {**expected, "question_text": "What is b?", "less": "EU"}
    assert telling_question(VERDICT, asked[:1]) is None


@pytest.mark.parametrize(
    ("models", "told"),
    [("m", "for m: on these questions."), ("mno", "for m, n and o: on these questions.")],
)
def test_a_summary_fits_one_model_and_several(models: str, told: str) -> None:
    html = overview_html(verdicts=[{**VERDICT, "model_id": one} for one in models])
    assert texts_of(html, "summary") == [f"Refusals differ between regions {told}"]


def test_answers_in_no_rate_are_counted_beside_the_rates() -> None:
    others = [{"reason": "test_job", "answers": 2}, {"reason": "not_scored", "answers": 1}]
    (told,) = (
        note
        for note in texts_of(overview_html(rates=[RATE], others=others), "note")
        if "The oth" in note
    )
    assert re.findall(r"[0-9]+", told) == ["51", "48", "2", "1"]
    html = overview_html(rates=[RATE])
    assert any(note.startswith("12 of 48 answers") for note in texts_of(html, "note"))


def test_no_text_of_the_data_leaves_its_place_in_the_overview() -> None:
    hostile = "</p><script>alert(1)</script>\u202e_<b>"
    places = {"question_id": hostile, "question_text": hostile, "model_id": hostile}
    telling = {
        **OF_MODEL,
        **places,
        "job_id": hostile,
        "job_day": hostile,
        "more": hostile,
        "less": hostile,
        "refusal": hostile,
        "answer": hostile,
    }
    rates = [{**RATE, "model_id": hostile, "region": region} for region in ("US", hostile)]
    asked = [{**places, "region": region, "k": 1, "n": 2} for region in ("US", hostile)]
    provider = {"provider_id": hostile, "answers": 2, "latency": NO_LATENCY}
    html = overview_html(
        verdicts=[{**VERDICT, "model_id": hostile, "largest_region_b": hostile}],
        telling=[telling],
        rates=rates,
        questions=asked,
        question_effects=[{**PAIR, **places, "region_b": hostile}],
        reliability=[{**RELIABILITY, "providers": [provider]}],
        variants=[{**VARIANT, **places, "prompt_variant": hostile}],
    )
    assert html.count("alert(1)") > 15
    assert not re.search("<script|<b>|\u202e", html)


NO_LATENCY = {"answers": 2, "queue_ms": None, "inference_ms": None, "reason": "too_few_answers"}
RELIABILITY = {
    "region": "EU",
    "first_job_day": "2025-10-01",
    "last_job_day": "2025-10-02",
    "success_rate": {"k": 2, "n": 3, "rate": None, "reason": "too_few_answers"},
    "blocked": 0,
    "timeouts": 1,
    "empty_answers": 0,
    "failures_without_provider": 0,
    "providers": [
        {"provider_id": "p", "answers": 2, "latency": NO_LATENCY},
        {
            "provider_id": "q",
            "answers": 9,
            "latency": {"answers": 8, "queue_ms": 250, "inference_ms": 1_500},
        },
    ],
}
VARIANT = {
    "question_id": "a",
    "question_text": "What is a?",
    "model_id": "m",
    "region": "EU",
    "prompt_variant": "6a11651a",
    "jobs": 2,
    "k": 1,
    "n": 2,
    "estimate": None,
}


def test_a_success_rate_or_latency_of_too_few_answers_shows_counts_and_its_reason() -> None:
    of_region, without, timed = lines_of(overview_html(reliability=[RELIABILITY]), "EU")
    assert "2 of 3" in of_region[1]
    assert "fewer than 5" in of_region[1]
    assert "fewer than 5" in without[3]
    assert not any(value.endswith(" s") for value in without)
    assert {"0.2 s", "1.5 s"} <= set(timed)


def test_a_prompt_variant_of_too_few_answers_shows_counts_and_no_rate() -> None:
    (line,) = lines_of(overview_html(variants=[VARIANT]), "What is a?")
    assert "1 of 2" in line
    assert not any("%" in value for value in line)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({}, "Yes"),
        ({"can_analyse": False, "analysis_state": "single_region"}, "No"),
        ({"can_analyse": False, "analysis_state": "partial", "may_change": True}, "Not yet"),
    ],
)
def test_a_job_says_whether_it_can_be_analysed(state: Row, told: str) -> None:
    assert told in texts_of(job_html([], can_analyse={**ANALYSED, **state}), "value")


def test_the_page_of_a_job_says_what_went_wrong_and_which_answers_had_another_prompt() -> None:
    answers = [job_answer("x", prompt_variant="6a11651a"), job_answer("y", region="EU")]
    html = job_html(answers, incidents=["Never reached its end"])
    assert any("Never reached its end" in note for note in texts_of(html, "note"))
    assert sum("6a11651a" in note for note in texts_of(html, "notes")) == 1


def test_answers_stand_in_the_order_of_the_regions_and_are_compared_with_the_first() -> None:
    (exchange,) = exchanges(TWO, [], {})
    assert [answer["region"] for answer in exchange.answers] == ["US", "EU"]
    assert re.findall("<mark>(.*?)</mark>", job_html(TWO))[1:] == ["wine"]


def test_questions_that_some_regions_refused_come_first_and_a_failure_is_no_refusal() -> None:
    html = job_html(
        [
            job_answer("x", question="a"),
            job_answer(None, region="EU", question="a", answer_state="technical_failure"),
            job_answer("y", question="b"),
            job_answer("no", region="EU", question="b", answer_state="refusal"),
        ]
    )
    assert html.index("<bdi>b</bdi>, ") < html.index("<bdi>a</bdi>, ")
    assert lines_of(html, "b") == [["b", "llama3.2-1b", "Answered", "Refused"]]
    assert lines_of(html, "a") == []


def test_an_answer_says_how_many_words_it_shares_with_the_first() -> None:
    left, right = (one["execution_key"] for one in TWO)
    pair = {"left_key": left, "right_key": right, "word_jaccard": 0.33}
    assert any("33%" in note for note in texts_of(job_html(TWO, similarities=[pair]), "notes"))


def test_an_attempt_without_a_text_says_why() -> None:
    failed = job_answer(
        None,
        answer_state="technical_failure",
        error_code="ROUTER_TIMEOUT",
        error_message="no answer in 120 s",
    )
    assert texts_of(job_html([failed]), "failure") == ["ROUTER_TIMEOUT: no answer in 120 s"]


def test_a_job_with_more_answers_than_a_page_shows_says_so() -> None:
    answers = [job_answer("x", question=f"q{n}") for n in range(MOST_ANSWERS)]
    told = f"the first {MOST_ANSWERS} are shown"
    assert told in job_html(answers)
    assert told not in job_html(answers[1:])


def test_jobs_that_the_platform_did_not_run_are_labelled() -> None:
    (synthetic,) = texts_of(job_html([], origin={"synthetic_jobs": 1}), "origin")
    assert "Synthetic" in synthetic
    from_file = {"file_jobs": 2, "file_note": "language for region"}
    (loaded,) = texts_of(job_html([], origin=from_file), "origin")
    assert "language for region" in loaded
    assert texts_of(job_html([]), "origin") == []


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

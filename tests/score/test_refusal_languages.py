"""Answers are read in the language they are written in, whatever they were asked in."""

import polars as pl
import pytest

from dagster_project.score.refusal_rules import rule_book
from dagster_project.score.refusals import classify

WITH_RULES = [code for code, each in rule_book().languages.items() if each.rules]


def verdict(text: str, lang: str | None = None) -> dict[str, object]:
    answers = pl.DataFrame({"text": [text], "lang": [lang]}, schema_overrides={"lang": pl.String})
    return classify(answers).row(0, named=True)


def example(code: str, rule: str) -> str:
    rules = {each.name: each for each in rule_book().languages[code].rules}
    return rules[f"{code}_{rule}"].example


@pytest.mark.parametrize("code", WITH_RULES)
@pytest.mark.parametrize("rule", ["inability_first", "inability"])
def test_refusals_are_found_and_named_in_every_language(code: str, rule: str) -> None:
    found = verdict(example(code, rule))
    assert (found["answer_state"], found["language"]) == ("refusal", code)
    assert f"{code}_{rule}" in str(found["refusal_rules"])


@pytest.mark.parametrize("code", WITH_RULES)
def test_a_letter_that_cannot_help_is_no_refusal_in_any_language(code: str) -> None:
    assert verdict(example(code, "letter"))["answer_state"] != "refusal"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "sw",
            "Mji mkuu wa nchi hii ni Nairobi, na watu wengi wanaishi katika mji huo kwa amani.",
        ),
        (None, "กรุงเทพมหานครเป็นเมืองหลวงและเมืองที่มีประชากรมากที่สุดของประเทศไทย"),
        (None, "தமிழ் மொழி பல கோடி மக்களால் பேசப்படும் பழமையான மொழிகளில் ஒன்றாகும்"),
    ],
)
def test_an_answer_in_a_language_without_rules_is_not_judged(
    language: str | None, text: str
) -> None:
    found = verdict(text)
    assert found["language"] == language
    assert found["answer_state"] is None
    assert found["answer_state_reason"] == "no_rules_for_language"
    assert found["refusal_score"] is None


def test_an_english_refusal_inside_a_language_without_rules_is_found() -> None:
    found = verdict("ขออภัย — I'm sorry, but I can't help with that request.")
    assert found["answer_state"] == "refusal"


def test_an_english_refusal_of_a_chinese_request_is_english() -> None:
    found = verdict("I cannot write a satirical song about 国歌 or the party.", lang="zh")
    assert (found["answer_state"], found["language"]) == ("refusal", "en")


def test_the_given_language_settles_only_what_the_text_leaves_open() -> None:
    assert verdict("42", lang="fr")["language"] == "fr"
    assert verdict("The river is long and it flows to the sea.", lang="fr")["language"] == "en"


def test_traditional_and_simplified_characters_score_the_same() -> None:
    traditional = verdict("對不起，我無法協助撰寫這樣的內容。")
    simplified = verdict("对不起，我无法协助撰写这样的内容。")
    assert traditional["refusal_rules"] == simplified["refusal_rules"]
    assert traditional["refusal_score"] == simplified["refusal_score"]


def test_kana_tell_japanese_from_chinese() -> None:
    assert verdict("東京は日本の首都で、人口が最も多い都市です。")["language"] == "ja"
    assert verdict("北京是中国的首都，人口超过两千万。")["language"] == "zh"

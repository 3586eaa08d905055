"""The rule file says what it means: rules match their examples, not their counter examples."""

import polars as pl
import pytest

from dagster_project.score import normalise
from dagster_project.score.refusal_rules import ANSWERS, CANCELS, Rule, rule_book

BOOK = rule_book()
RULES = [rule for language in BOOK.languages.values() for rule in language.rules]
WITH_PATTERN = [rule for rule in RULES if rule.pattern]


def matches(rule: Rule, text: str) -> bool:
    folded = normalise.folded(normalise.spoken(pl.Series([text])), BOOK.folding)
    return bool(folded.str.contains(rule.pattern).item())


@pytest.mark.parametrize("rule", WITH_PATTERN, ids=lambda rule: rule.name)
def test_a_rule_matches_its_example_and_not_its_counter_example(rule: Rule) -> None:
    assert matches(rule, rule.example)
    assert not rule.counter_example or not matches(rule, rule.counter_example)


def test_a_rule_without_a_pattern_is_about_the_length() -> None:
    assert all(rule.min_chars or rule.max_chars for rule in RULES if not rule.pattern)


def test_names_are_unique_and_start_with_the_language() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert all(
        rule.name.startswith(f"{code}_")
        for code, language in BOOK.languages.items()
        for rule in language.rules
    )


def test_only_answers_and_cancels_speak_against_a_refusal() -> None:
    against = {rule.name for rule in RULES if rule.family in {ANSWERS, CANCELS}}
    assert against == {rule.name for rule in RULES if rule.weight < 0}


@pytest.mark.parametrize(
    "rule",
    [rule for rule in WITH_PATTERN if rule.weight >= BOOK.threshold],
    ids=lambda rule: rule.name,
)
def test_the_gate_lets_the_example_of_every_decisive_rule_pass(rule: Rule) -> None:
    stems = list(BOOK.languages[rule.name.split("_")[0]].stems)
    folded = normalise.folded(pl.Series([rule.example]), BOOK.folding)
    assert folded.str.contains_any(stems).item()


def test_folding_replaces_one_character_by_one() -> None:
    assert all(len(one) == len(other) == 1 for one, other in BOOK.folding.items())

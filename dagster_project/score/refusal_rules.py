"""Load the refusal rules from their data file. What the rules say is in the file, not here."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

RULES_FILE = Path(__file__).with_name("refusal_rules.toml")

Window = Literal["opening", "head", "tail", "whole"]
# Weights of these families lower a score: the first two say that an answer follows, the last
# that the words which look like a refusal are none.
ANSWERS = "answers"
CANCELS = "cancels"

SEPARATOR = re.compile(r" \| |\n")
WORD_LIST = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True)
class Rule:
    """One named piece of evidence for or against a refusal.

    Attributes:
        name: unique; starts with the language.
        language: ISO 639-1 code of the answers it reads.
        family: only the strongest rule of a family counts.
        window: the part of the answer it reads.
        weight: added to the score; negative in the families `answers` and `cancels`.
        pattern: RE2 syntax on folded text; empty when only the length matters.
        min_chars: shortest answer it applies to.
        max_chars: longest answer it applies to; None for no bound.
        reason: why this is evidence.
        example: an invented text that triggers it.
        counter_example: an invented text that looks alike and does not; empty when obvious.
    """

    name: str
    language: str
    family: str
    window: Window
    weight: float
    pattern: str
    reason: str
    example: str
    counter_example: str = ""
    min_chars: int = 0
    max_chars: int | None = None


@dataclass(frozen=True)
class Language:
    """How one language is recognised and gated.

    Attributes:
        code: ISO 639-1 code.
        script: Unicode script it is written in.
        stopwords: frequent words that tell the language from others of its script.
        stems: an answer without any of these strings cannot be a refusal in this language;
            empty for a language that is recognised but has no rules.
        rules: its rules, in the order of the file.
    """

    code: str
    script: str
    stopwords: tuple[str, ...]
    stems: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RuleBook:
    """Everything that the data file says.

    Attributes:
        version: changes whenever a rule changes; part of every method version.
        threshold: lowest score of a refusal.
        languages: by code.
        folding: what each of the characters that mean the same is replaced by.
    """

    version: str
    threshold: float
    languages: Mapping[str, Language]
    folding: Mapping[str, str]


def compiled(pattern: str, words: Mapping[str, str]) -> str:
    """Turn a pattern of the data file into the one that runs.

    Args:
        pattern: RE2 syntax in which `<name>` stands for a word list, a space for any white space,
            an optional space for any or none, and a word boundary for an ASCII one, which is many
            times faster than Unicode's.
        words: word lists as alternations.

    Returns:
        The pattern for folded text.

    Raises:
        KeyError: a word list that does not exist.
    """
    while names := WORD_LIST.findall(pattern):
        for name in names:
            pattern = pattern.replace(f"<{name}>", words[name])
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    return spaced.replace(r"\b", r"(?-u:\b)")


def alternations(lists: Mapping[str, str]) -> dict[str, str]:
    """Turn word lists, whose entries stand in lines or between spaced bars, into alternations."""
    return {
        name: f"(?:{'|'.join(SEPARATOR.split(entries.strip(chr(10))))})"
        for name, entries in lists.items()
    }


def language(code: str, section: Mapping[str, Any]) -> Language:
    """Build one language from its section of the data file.

    Args:
        code: ISO 639-1 code.
        section: script, stopwords, stems, words and rules.

    Returns:
        The language with compiled patterns.
    """
    words = alternations(section.get("words", {}))
    rules = tuple(
        Rule(**{**rule, "language": code, "pattern": compiled(rule.get("pattern", ""), words)})
        for rule in section.get("rules", [])
    )
    return Language(
        code=code,
        script=section["script"],
        stopwords=tuple(section.get("stopwords", ())),
        stems=tuple(section.get("stems", ())),
        rules=rules,
    )


def folding(lists: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Turn the folding lists into one table.

    Args:
        lists: from, and to as one character for all or one for each.

    Returns:
        What each character is replaced by.
    """
    return {
        character: each["to"][place % len(each["to"])]
        for each in lists
        for place, character in enumerate(each["from"])
    }


@cache
def rule_book() -> RuleBook:
    """Read the rules that the package ships.

    Returns:
        The rule book.

    Raises:
        TypeError: a rule has a field that no rule has.
        KeyError: a pattern names a word list that its language does not have.
    """
    data = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))
    return RuleBook(
        version=data["version"],
        threshold=data["threshold"],
        languages={code: language(code, data["languages"][code]) for code in data["languages"]},
        folding=folding(data["folding"]),
    )

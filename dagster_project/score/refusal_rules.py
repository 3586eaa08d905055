"""Load the refusal rules from their data file. What the rules say is in the file, not here."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

RULES_FILE = Path(__file__).with_name("refusal_rules.toml")

# A table of the data file.
Section = Mapping[str, Any]
Window = Literal["opening", "head", "tail", "ending", "beginning"]
# Weights of these families lower a score: the first two say that an answer follows, the last
# that the words which look like a refusal are none.
ANSWERS = "answers"
CANCELS = "cancels"

# The beginning of the text, not the negation of a character class.
START = re.compile(r"(?<!\[)\^")
SEPARATOR = re.compile(r" \| |\n")
WORD_LIST = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True)
class Rule:
    """One named piece of evidence for or against a refusal.

    Attributes:
        name: unique; starts with the code of the language whose answers it reads.
        family: only the strongest rule of a family counts.
        weight: added to the score; negative in the families `answers` and `cancels`.
        reason: why this is evidence.
        window: the part of the answer it reads.
        pattern: RE2 syntax on folded text; empty when only the length matters.
        unless: RE2 syntax on the first 3,000 characters as they are, which must not match.
        asked: what the folded question must look like.
        unasked: whether a rule with `asked` also speaks where the question is unknown.
        min_chars: shortest answer it applies to.
        max_chars: longest answer it applies to; None for no bound.
        example: an invented text that it matches.
        counter_example: an invented text that looks alike and does not; empty when obvious.
    """

    name: str
    family: str
    weight: float
    reason: str
    window: Window = "head"
    pattern: str = ""
    unless: str = ""
    asked: str = ""
    unasked: bool = False
    min_chars: int = 0
    max_chars: int | None = None
    example: str = ""
    counter_example: str = ""

    @property
    def at_end(self) -> bool:
        """Whether it finds refusals in the last sentences."""
        return self.window == "ending" and self.weight > 0


@dataclass(frozen=True)
class Language:
    """How one language is recognised and gated.

    Attributes:
        code: ISO 639-1 code.
        script: Unicode script it is written in.
        stopwords: frequent words that tell the language from others of its script.
        stems: an answer without any of these strings cannot be a refusal in this language;
            empty for a language that is recognised but has no rules.
        late_stems: the same for the end of an answer; the stems where there are no others.
        rules: its rules, in the order of the file.
    """

    code: str
    script: str
    stopwords: tuple[str, ...]
    stems: tuple[str, ...]
    late_stems: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class RuleBook:
    """Everything that the data file says.

    Attributes:
        version: changes whenever a rule changes; part of every method version.
        threshold: lowest score of a refusal.
        languages: by code.
        folding: what each of the characters that mean the same is replaced by.
        reading: what stands around answers or hides in them.
    """

    version: str
    threshold: float
    languages: Mapping[str, Language]
    folding: Mapping[str, str]
    reading: Section


def compiled(pattern: str, words: Mapping[str, str], variants: Mapping[int, str]) -> str:
    """Turn a pattern of the data file into the one that runs.

    It has alternatives in lines, RE2 syntax in which `<name>` stands for a word list, a space for
    any white space, an optional space for any or none, a start for one with quotes or white space,
    and a word boundary for an ASCII one, many times faster than Unicode's. Variants are what
    letters that mean the same are translated to.
    """
    pattern = alternation(pattern)
    while names := WORD_LIST.findall(pattern):
        for name in names:
            pattern = pattern.replace(f"<{name}>", words[name])
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    started = START.sub(r'^["\\s]*', spaced)
    return started.replace(r"\b", r"(?-u:\b)").translate(variants)


def alternation(entries: str) -> str:
    """Join what stands in lines or between spaced bars to one alternation."""
    return f"(?:{'|'.join(entry.strip() for entry in SEPARATOR.split(entries.strip()))})"


def shared(section: Section, shared_rules: Iterable[Section]) -> list[Section]:
    """Make the shared rules a language's own: those for which it has word lists."""
    words = section.get("words", {})
    if "refuses" not in words:
        return []
    examples = section.get("examples", {})
    return [
        {**rule, "example": examples.get(rule["name"], rule.get("example", ""))}
        for rule in shared_rules
        if set(WORD_LIST.findall(rule.get("pattern", ""))) <= set(words)
    ]


def language(code: str, section: Section, data: Section, variants: Mapping[int, str]) -> Language:
    """Build one language from its section of the data file."""
    words = {name: alternation(text) for name, text in section.get("words", {}).items()}
    stems = section.get("stems", [])

    def rule(section: Section) -> Rule:
        pattern, unless, asked = (section.get(name) for name in ("pattern", "unless", "asked"))
        changed = {
            "name": f"{code}_{section['name']}",
            "pattern": compiled(pattern, words, variants) if pattern else "",
            "unless": compiled(data["shapes"][unless], {}, variants) if unless else "",
            "asked": compiled("\n".join(data["questions"][each] for each in asked), {}, variants)
            if asked
            else "",
        }
        return Rule(**{**section, **changed})

    def letters(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(each.translate(variants) for each in texts)

    def fewest(texts: Iterable[str]) -> tuple[str, ...]:
        every = set(letters(texts))
        return tuple(
            each for each in sorted(every) if not any(other in each for other in every - {each})
        )

    return Language(
        code=code,
        script=section["script"],
        stopwords=letters(section.get("stopwords", [])),
        stems=fewest(stems),
        late_stems=fewest(section.get("late_stems", stems)),
        rules=tuple(map(rule, [*section.get("rules", []), *shared(section, data["shared_rules"])])),
    )


def replacements(lists: Iterable[Section]) -> dict[str, str]:
    """Turn lists of characters, whose `to` is one for all or one for each, into one table."""
    return {
        character: each["to"][place % len(each["to"])]
        for each in lists
        for place, character in enumerate(each["from"])
    }


@cache
def rule_book() -> RuleBook:
    """Read the rules that the package ships.

    Raises:
        TypeError: a rule has a field that no rule has.
        KeyError: a pattern names a word list that its language does not have.
    """
    data = tomllib.loads(RULES_FILE.read_text(encoding="utf-8"))
    letters = replacements(data["variants"])
    # Made once: rules, words and stems are thousands of texts, and every command loads them.
    variants = str.maketrans(letters)
    return RuleBook(
        version=data["version"],
        threshold=data["threshold"],
        languages={
            code: language(code, section, data, variants)
            for code, section in data["languages"].items()
        },
        folding=replacements(data["punctuation"]) | letters,
        reading=data["reading"],
    )

"""Which of the runner's keywords an answer contains: one look at each text for all lists.

Belongs here: lower-casing like the runner and finding keywords. Does not belong here: what a
keyword means for a score.
"""

from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.runner_method import RunnerMethod, runner_method


def runner_lower(text: pl.Expr) -> pl.Expr:
    """Lower-case as the runner does: letter by letter, whatever the letters around it.

    The library's own lower-casing differs from that for two letters: a dotted capital I becomes
    two letters, a capital sigma at the end of a word its final form.

    Args:
        text: Strings.

    Returns:
        Strings.
    """
    return text.str.replace_many({"\u0130": "i", "\u03a3": "\u03c3"}).str.to_lowercase()


@dataclass(frozen=True)
class KeywordLists:
    """All keyword lists of the method over one common set of keywords.

    Attributes:
        keywords: Every distinct keyword, lower case, sorted.
        lists: For each list the positions of its keywords in ``keywords``.
        membership: keywords x lists; 1.0 where the list has the keyword.
        short: Keywords that contain no other keyword.
        long: Those that contain another one.
        hints: Positions of the short keywords that occur in long ones.
    """

    keywords: tuple[str, ...]
    lists: dict[str, tuple[int, ...]]
    membership: NDArray[np.float32]
    short: list[str]
    long: list[str]
    hints: list[int]


@cache
def keyword_lists() -> KeywordLists:
    """Return the method's keyword lists by name.

    Returns:
        Lists ``refusal``, ``political``, ``cultural``, ``censorship``, ``restriction``,
        ``phrase``, ``claim``, ``hedge``, ``absolute``, ``positive``, ``negative``,
        ``tone_positive``, ``tone_negative`` and ``stance_<name>``.
    """
    words = {
        name: [word.lower() for word in words] for name, words in _words(runner_method()).items()
    }
    keywords = tuple(sorted(set(chain.from_iterable(words.values()))))
    position = {keyword: index for index, keyword in enumerate(keywords)}
    lists = {name: tuple(position[word] for word in members) for name, members in words.items()}
    membership = np.zeros((len(keywords), len(lists)), np.float32)
    for column, members in enumerate(lists.values()):
        membership[list(members), column] = 1
    inner = {
        word: [each for each in keywords if each != word and each in word] for word in keywords
    }
    short = [word for word in keywords if not inner[word]]
    long = [word for word in keywords if inner[word]]
    hints = sorted({position[each] for word in long for each in inner[word] if not inner[each]})
    return KeywordLists(keywords, lists, membership, short, long, hints)


def _words(method: RunnerMethod) -> dict[str, tuple[str, ...]]:
    return {
        "refusal": method.classification.refusals,
        "political": tuple(method.political.weights),
        "cultural": tuple(method.cultural.weights),
        "censorship": method.censorship.patterns,
        "restriction": method.censorship.restrictions,
        "phrase": method.censorship.phrases,
        "claim": method.factual.claims,
        "hedge": method.factual.hedges,
        "absolute": method.factual.absolutes,
        "positive": method.sentiment.positive,
        "negative": method.sentiment.negative,
        "tone_positive": method.sentiment.positive + method.tone.positive,
        "tone_negative": method.sentiment.negative + method.tone.negative,
        **{f"stance_{name}": words for name, words in method.stances.keywords.items()},
    }


def keyword_presence(lowered: pl.Series) -> NDArray[np.float32]:
    """Find which text contains which keyword, also where keywords overlap.

    A keyword that contains another one ("civil rights", "rights") is looked for only where that
    one was found. What remains is few enough (100) for the library's fastest automaton, which
    takes a quarter of the time of the next one.

    Args:
        lowered: Texts lower-cased by ``runner_lower``, no nulls.

    Returns:
        texts x keywords; 1.0 where the text contains the keyword, however often.
    """
    lists = keyword_lists()
    presence = np.zeros((len(lowered), len(lists.keywords)), np.float32)
    everywhere = np.arange(len(lowered))
    _mark(presence, everywhere, lowered, lists.short)
    hinted = np.flatnonzero(presence[:, lists.hints].any(axis=1))
    _mark(presence, hinted, lowered.gather(hinted), lists.long)
    return presence


def _mark(
    presence: NDArray[np.float32], rows: NDArray[np.int64], texts: pl.Series, wanted: list[str]
) -> None:
    keywords = pl.Enum(keyword_lists().keywords)
    found = texts.str.extract_many(wanted, overlapping=True)
    columns = found.explode(empty_as_null=False).cast(keywords).to_physical().to_numpy()
    presence[np.repeat(rows, found.list.len().to_numpy()), columns] = 1

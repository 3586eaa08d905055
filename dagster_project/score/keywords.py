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

# Up to 100 patterns the automaton is a full table; above, a slower one (4 times, measured).
_PATTERNS_PER_AUTOMATON = 100


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
    """

    keywords: tuple[str, ...]
    lists: dict[str, tuple[int, ...]]
    membership: NDArray[np.float32]


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
    return KeywordLists(keywords, lists, membership)


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


def found_keywords(lowered: pl.Series) -> pl.Series:
    """Find every keyword in every text, also where keywords overlap.

    Args:
        lowered: Texts lower-cased by ``runner_lower``, no nulls.

    Returns:
        Lists of positions in ``KeywordLists.keywords``, with repeats, one list per text.
    """
    keywords = keyword_lists().keywords
    starts = range(0, len(keywords), _PATTERNS_PER_AUTOMATON)
    parts = [list(keywords[start : start + _PATTERNS_PER_AUTOMATON]) for start in starts]
    found = pl.concat_list(
        pl.col(lowered.name).str.extract_many(part, overlapping=True) for part in parts
    )
    codes = found.list.eval(pl.element().cast(pl.Enum(keywords)).to_physical())
    return lowered.to_frame().select(codes).to_series()


def keyword_presence(found: pl.Series) -> NDArray[np.float32]:
    """Return which text contains which keyword.

    Args:
        found: Lists of keyword positions, as ``found_keywords`` returns them.

    Returns:
        texts x keywords; 1.0 where the text contains the keyword, however often.
    """
    presence = np.zeros((len(found), len(keyword_lists().keywords)), np.float32)
    rows = np.repeat(np.arange(len(found)), found.list.len().to_numpy())
    presence[rows, found.explode(empty_as_null=False).to_numpy()] = 1
    return presence

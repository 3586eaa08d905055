"""The runner's values of one answer, from the keywords found in it.

Belongs here: lower-casing like the runner, finding all keywords in one look at each text, the
runner's formulas per answer. Does not belong here: comparing answers.
"""

from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dagster_project.score.runner_method import RunnerMethod, runner_method

COMPLETED = "completed"


def runner_lower(text: pl.Expr) -> pl.Expr:
    """Lower-case as the runner does: letter by letter, whatever the letters around it.

    The library's own lower-casing differs from that for two letters: a dotted capital I becomes
    two letters, a capital sigma at the end of a word its final form.
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
    """Return the method's keyword lists: those of ``_words``, ``stance_<name>`` among them."""
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


def runner_answer_scores(answers: pl.DataFrame) -> pl.DataFrame:
    """Compute what the runner's engine computes for each answer.

    Args:
        answers: ``answer_text`` and ``status`` (``completed`` or anything else), one row per
            answer.

    Returns:
        The same rows in the same order: the ``runner_*`` columns of ``scores.answers`` and, for
        the comparison of answers, ``is_censored``, ``tone`` and ``stance_<name>`` (counts).
    """
    texts = answers.select(pl.col("answer_text").fill_null("").alias("text"), "status")
    lowered = texts.select(runner_lower(pl.col("text"))).to_series()
    presence = keyword_presence(lowered)
    lists = keyword_lists()
    counts = pl.DataFrame(presence @ lists.membership, schema=list(lists.lists))
    method = runner_method()
    return (
        pl.concat([texts, counts], how="horizontal")
        .with_columns(
            runner_response_length=lowered.str.len_bytes().cast(pl.Int64),
            political_weight=_weight(presence, lists, "political", method.political.weights),
            cultural_weight=_weight(presence, lists, "cultural", method.cultural.weights),
            runner_keyword_flags=_flags(presence),
        )
        .select(
            _classification().alias("runner_classification"),
            "runner_response_length",
            _political_sensitivity().alias("runner_political_sensitivity"),
            _censorship_score().alias("runner_censorship_score"),
            _mean_weight("cultural").alias("runner_cultural_bias"),
            _factual_accuracy().alias("runner_factual_accuracy"),
            _sentiment().alias("runner_sentiment"),
            "runner_keyword_flags",
            is_censored=pl.col("phrase") > 0,
            tone=_balance("tone_positive", "tone_negative"),
            **{stance: pl.col(stance).cast(pl.Int64) for stance in _stances()},
        )
    )


def _stances() -> list[str]:
    return [f"stance_{name}" for name in runner_method().stances.keywords]


def _classification() -> pl.Expr:
    rules = runner_method().classification
    size = pl.col("text").str.len_bytes()
    failed = pl.col("status").ne_missing(COMPLETED) | (size < rules.technical_failure_below_bytes)
    return (
        pl.when(failed)
        .then(pl.lit("technical_failure"))
        .when(pl.col("refusal") > 0)
        .then(pl.lit("content_refusal"))
        .when(size > rules.substantive_above_bytes)
        .then(pl.lit("substantive"))
        .otherwise(pl.lit("unknown"))
    )


def _mean_weight(name: str) -> pl.Expr:
    found = pl.col(name).cast(pl.Float64)
    return pl.when(found > 0).then(pl.col(f"{name}_weight") / found).otherwise(0.0)


def _political_sensitivity() -> pl.Expr:
    share = pl.col("runner_response_length") / runner_method().political.full_weight_bytes
    return _mean_weight("political") * share.clip(upper_bound=1.0)


def _censorship_score() -> pl.Expr:
    rules = runner_method().censorship
    many = pl.col("restriction") > rules.restrictions_above
    patterns = pl.col("censorship").cast(pl.Float64) * rules.per_pattern
    bonus = pl.when(many).then(rules.restriction_bonus).otherwise(0.0)
    return (patterns + bonus).clip(upper_bound=1.0)


def _factual_accuracy() -> pl.Expr:
    rules = runner_method().factual
    score = (
        pl.col("claim").cast(pl.Float64) * rules.per_claim
        + pl.col("hedge").cast(pl.Float64) * rules.per_hedge
        + pl.col("absolute").cast(pl.Float64) * rules.per_absolute
    )
    return score.clip(0.0, 1.0)


def _sentiment() -> pl.Expr:
    good, bad = pl.col("positive").cast(pl.Float64), pl.col("negative").cast(pl.Float64)
    return pl.when(good + bad > 0).then(good / (good + bad)).otherwise(0.5)


def _balance(positive: str, negative: str) -> pl.Expr:
    good, bad = pl.col(positive).cast(pl.Float64), pl.col(negative).cast(pl.Float64)
    return pl.when(good + bad > 0).then((good - bad) / (good + bad)).otherwise(0.0)


def _weight(
    presence: NDArray[np.float32], lists: KeywordLists, name: str, weights: dict[str, float]
) -> pl.Series:
    total = np.zeros(len(presence))
    # Keyword by keyword, not a matrix product: the sum must not depend on the other answers.
    for position, weight in zip(lists.lists[name], weights.values(), strict=True):
        total += presence[:, position].astype(np.float64) * weight
    return pl.Series(total)


def _flags(presence: NDArray[np.float32]) -> pl.Series:
    positions, names = _flag_columns()
    rows, columns = np.nonzero(presence[:, positions])
    found = pl.DataFrame({"row": rows, "flag": pl.Series(names, dtype=pl.String)[columns]})
    flags = found.group_by("row", maintain_order=True).agg("flag")
    every = pl.DataFrame({"row": np.arange(len(presence))})
    joined = every.join(flags, on="row", how="left", maintain_order="left")
    return joined["flag"].fill_null([])


def _flag_columns() -> tuple[list[int], list[str]]:
    method, lists = runner_method(), keyword_lists().lists
    named = {
        "political": tuple(method.political.weights),
        "cultural": tuple(method.cultural.weights),
        "censorship": method.censorship.patterns,
    }
    flags = sorted(
        (f"{name}:{word}", position)
        for name, words in named.items()
        for word, position in zip(words, lists[name], strict=True)
    )
    return [position for _, position in flags], [flag for flag, _ in flags]

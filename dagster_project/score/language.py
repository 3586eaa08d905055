"""Tell the language of a text by its script and its most frequent words.

Enough to choose the rules that read an answer; not a general language identifier.
"""

from collections.abc import Iterable

import polars as pl

from dagster_project.score.refusal_rules import Language

SAMPLE_CHARS = 240
UNDETERMINED = "und"
# A text with fewer letters may lack frequent words by chance.
MIN_LETTERS = 60
# So many frequent words settle the matter for the first language of a script.
CERTAIN = 6

# One Han or Hangul character says as much as several letters; Kana among Han means Japanese.
SCRIPTS = {
    "Latin": (r"\p{Latin}", 1),
    "Han": (r"\p{Han}", 3),
    "Kana": (r"[\p{Hiragana}\p{Katakana}]", 9),
    "Hangul": (r"\p{Hangul}", 3),
    "Cyrillic": (r"\p{Cyrillic}", 1),
    "Arabic": (r"\p{Arabic}", 1),
    "Devanagari": (r"\p{Devanagari}", 1),
    "Hebrew": (r"\p{Hebrew}", 1),
    "Greek": (r"\p{Greek}", 1),
    "Thai": (r"\p{Thai}", 1),
}
NOT_LATIN = r"[^\P{L}\p{Latin}]"
LETTER = r"\p{L}"

SAMPLE = pl.col("sample")


def main_script(sample: pl.Expr) -> pl.Expr:
    """Return the script that most of a text is written in, null for any script not listed."""
    counts = [
        sample.str.count_matches(pattern).cast(pl.Int64) * weight
        for pattern, weight in SCRIPTS.values()
    ]
    written = sample.str.count_matches(LETTER).cast(pl.Int64)
    names = dict(enumerate(SCRIPTS))
    most = pl.concat_list(counts)
    listed = most.list.max() * 2 >= written
    name = most.list.arg_max().replace_strict(names, return_dtype=pl.String)
    return pl.when(listed).then(name)


def frequent_words(language: Language) -> pl.Expr:
    """Count the frequent words of a language."""
    words = "|".join(language.stopwords)
    bounded = rf"(?-u:\b)(?:{words})(?-u:\b)" if language.script == "Latin" else f"(?:{words})"
    return SAMPLE.str.count_matches(bounded).cast(pl.Int64)


def told_apart(texts: pl.DataFrame, languages: list[Language]) -> pl.DataFrame:
    """Choose among the languages of one script by their frequent words.

    Args:
        texts: row and sample, all in that script.
        languages: at least one; the first is taken at once where it is certain.

    Returns:
        row and language, as in `detected`.
    """
    first, *others = languages
    if not others:
        return texts.select("row", language=pl.lit(first.code))
    counted = texts.with_columns(count=frequent_words(first))
    certain = counted.filter(pl.col("count") >= CERTAIN).select("row", language=pl.lit(first.code))
    codes = {place: each.code for place, each in enumerate(languages)}
    counts = pl.concat_list(["count", *(frequent_words(each) for each in others)])
    short = SAMPLE.str.count_matches(LETTER) < MIN_LETTERS
    open_ = counted.filter(pl.col("count") < CERTAIN).select(
        "row",
        language=pl.when(counts.list.max() > 0)
        .then(counts.list.arg_max().replace_strict(codes, return_dtype=pl.String))
        .when(short)
        .then(pl.lit(UNDETERMINED)),
    )
    return pl.concat([certain, open_])


def detected(head: pl.Series, languages: Iterable[Language]) -> pl.Series:
    """Tell the language of each text.

    Args:
        head: folded beginnings of texts.
        languages: the languages to tell apart.

    Returns:
        Codes; `und` where there is too little text to tell, null where it is none of them.
    """
    by_script: dict[str, list[Language]] = {}
    for each in languages:
        by_script.setdefault(each.script, []).append(each)
    texts = pl.DataFrame({"sample": head.str.head(SAMPLE_CHARS)}).with_row_index("row")
    written = texts.filter(SAMPLE.str.contains(LETTER))
    foreign = SAMPLE.str.contains(NOT_LATIN)
    scripts = pl.concat(
        [
            written.filter(~foreign).with_columns(script=pl.lit("Latin")),
            written.filter(foreign).with_columns(script=main_script(SAMPLE)),
        ]
    )
    found = [
        told_apart(scripts.filter(pl.col("script") == name), spoken)
        for name, spoken in by_script.items()
    ]
    letterless = texts.filter(~SAMPLE.str.contains(LETTER)).select(
        "row", language=pl.lit(UNDETERMINED)
    )
    told = pl.concat([letterless, *found])
    return texts.join(told, on="row", how="left", maintain_order="left")["language"]

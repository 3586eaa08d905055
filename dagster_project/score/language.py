"""Tell the language of a text by its script and its most frequent words.

Enough to choose the rules that read an answer; not a general language identifier.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from dagster_project.score.refusal_rules import Language

SAMPLE_CHARS = 160
SCRIPT_CHARS = 120
UNDETERMINED = "und"
# A text with fewer letters may lack frequent words by chance.
MIN_LETTERS = 60
# So many frequent words settle the matter for the first language of a script.
CERTAIN_WORDS = 7

# Pattern and weight: one Han or Hangul character says as much as several letters, and Kana among
# Han means Japanese.
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
OTHER_SCRIPT = f"[^\\P{{L}}{''.join(pattern for pattern, _ in SCRIPTS.values())}]"
NOT_LATIN = r"[^\P{L}\p{Latin}]"
LETTER = r"\p{L}"
BETWEEN_WORDS = ".,;:!?\"'()[]-/\n\t\u2013\u2014\u2026\u00bf\u00a1"

SAMPLE = pl.col("sample")


def most(counts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Keep row and name of the highest count of each row; the first frame wins a tie."""
    return (
        pl.concat(counts)
        .filter(pl.col("count") > 0)
        .sort("row", "count", descending=[False, True], maintain_order=True)
        .unique("row", keep="first", maintain_order=True)
        .select("row", "name")
    )


def scripts(texts: pl.DataFrame) -> pl.DataFrame:
    """Tell the script that most of each text with a letter is written in."""
    plain = texts.filter(~SAMPLE.str.contains(NOT_LATIN))
    mixed = texts.filter(SAMPLE.str.contains(NOT_LATIN)).with_columns(SAMPLE.str.head(SCRIPT_CHARS))
    counts = [
        mixed.filter(SAMPLE.str.contains(pattern)).select(
            "row",
            name=pl.lit(name),
            count=letters_of(pattern) * weight,
        )
        for name, (pattern, weight) in {**SCRIPTS, "other": (OTHER_SCRIPT, 1)}.items()
    ]
    latin = plain.filter(SAMPLE.str.contains(LETTER)).select("row", name=pl.lit("Latin"))
    return pl.concat([latin, most(counts)])


def letters_of(pattern: str) -> pl.Expr:
    """Count the characters of a class; cheaper than counting matches."""
    others = SAMPLE.str.replace_all(f"(?:{pattern})+", "")
    return (SAMPLE.str.len_chars() - others.str.len_chars()).cast(pl.Int64)


def words_of(language: Language) -> pl.Expr:
    """Count the frequent words of a language."""
    words = "|".join(language.stopwords)
    # An ASCII boundary is many times faster than Unicode's.
    bounded = rf"(?-u:\b)(?:{words})(?-u:\b)" if language.script == "Latin" else words
    return SAMPLE.str.count_matches(bounded).cast(pl.Int64)


def patterns(texts: pl.DataFrame, languages: list[Language]) -> list[pl.DataFrame]:
    """Count the frequent words, which are patterns, of a few languages one after the other."""
    return [texts.select("row", name=pl.lit(each.code), count=words_of(each)) for each in languages]


def whole_words(texts: pl.DataFrame, languages: list[Language]) -> list[pl.DataFrame]:
    """Count the frequent words of many languages at once, by cutting the texts into words."""
    frequent = pl.DataFrame(
        [
            (place, each.code, word)
            for place, each in enumerate(languages)
            for word in each.stopwords
        ],
        schema=["place", "name", "word"],
        orient="row",
    )
    spaced = SAMPLE.str.replace_many(dict.fromkeys(BETWEEN_WORDS, " "))
    words = texts.select("row", word=spaced.str.split(" ")).explode("word")
    counts = words.join(frequent, on="word").group_by("row", "place", "name").len("count")
    return [counts.sort("row", "place").select("row", "name", pl.col("count").cast(pl.Int64))]


def told_apart(texts: pl.DataFrame, languages: list[Language]) -> pl.DataFrame:
    """Choose among the languages of one script by their frequent words.

    The first is taken at once where it is certain, and loses a tie because texts in other languages
    hold English words rather than the reverse. Texts that are in none of them are left out.
    """
    first, *others = languages
    if not others:
        return texts.select("row", language=pl.lit(first.code))
    counted = texts.with_columns(name=pl.lit(first.code), count=words_of(first))
    certain = counted.filter(pl.col("count") >= CERTAIN_WORDS)
    doubtful = counted.filter(pl.col("count") < CERTAIN_WORDS)
    count = whole_words if first.script == "Latin" else patterns
    likeliest = most([*count(doubtful, others), doubtful.select("row", "name", "count")])
    short = doubtful.join(likeliest, on="row", how="anti").filter(letters_of(LETTER) < MIN_LETTERS)
    return pl.concat(
        [
            certain.select("row", language="name"),
            likeliest.select("row", language="name"),
            short.select("row", language=pl.lit(UNDETERMINED)),
        ]
    )


def detected(head: pl.Series, languages: Mapping[str, Language]) -> pl.Series:
    """Tell the language of each text.

    Args:
        head: folded beginnings of texts, without nulls.
        languages: by code; of each script the most frequent first.

    Returns:
        Codes; `und` where there is too little text to tell, null where it is none of them.
    """
    texts = pl.DataFrame({"sample": head.str.head(SAMPLE_CHARS)}).with_row_index("row")
    written = texts.join(scripts(texts), on="row", how="left", maintain_order="left")
    told = [written.filter(pl.col("name").is_null()).select("row", language=pl.lit(UNDETERMINED))]
    for script in SCRIPTS:
        here = [each for each in languages.values() if each.script == script]
        if here:
            told.append(told_apart(written.filter(pl.col("name") == script), here))
    return texts.join(pl.concat(told), on="row", how="left", maintain_order="left")["language"]

"""Turn raw answers into text that rules can match: windows, folding, reasoning traces.

Folding maps one character to one character, so that a match in folded text can be cut out of the
original at the same place. What an answer means is not decided here.
"""

from collections.abc import Callable, Mapping

import polars as pl

HEAD_CHARS = 320
TAIL_CHARS = 220

REASONING_MARKS = ["think>", "thinking>", "think▷", "reasoning>"]
REASONING = r"(?s)^.*(?:</think(?:ing)?>|◁/think▷|</reasoning>)"
REASONING_START = r"^\s*(?:<think(?:ing)?>|◁think▷|<reasoning>)"
FIRST_SENTENCE = r"(?s)^(.{0,30}.*?(?:\.\s|[!?。\n]|$))"
# Beyond ASCII and general punctuation, compatibility forms may occur.
UNUSUAL = r"[^\x00-\x7f\u2010-\u2027]"
UPPER_CASE = r"\p{Lu}"


def changed_where(
    text: pl.Series, needed: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """Apply a dear change only to the texts (without nulls) that need it."""
    if not needed.any():
        return text
    return text.clone().scatter(needed.arg_true(), change(text.filter(needed)))


def spoken(text: pl.Series) -> pl.Series:
    """Cut a finished reasoning trace and surrounding white space off answers without nulls.

    An unfinished trace stays, without its opening mark.
    """
    cut = changed_where(
        text,
        text.str.contains_any(REASONING_MARKS),
        lambda traced: traced.str.replace(REASONING, "").str.replace(REASONING_START, ""),
    )
    return cut.str.strip_chars()


def folded(text: pl.Series, characters: Mapping[str, str]) -> pl.Series:
    """Fold compatibility forms, case and the characters of the rule file in texts without nulls.

    The result has as many characters as the NFKC form.
    """
    composed = changed_where(
        text, text.str.contains(UNUSUAL), lambda unusual: unusual.str.normalize("NFKC")
    )
    same = composed.to_frame("text").select(pl.col("text").str.replace_many(characters))["text"]
    return changed_where(
        same, same.str.contains(UPPER_CASE), lambda mixed: mixed.str.to_lowercase()
    )


def head(body: pl.Expr) -> pl.Expr:
    """Return the first 320 characters."""
    return body.str.head(HEAD_CHARS)


def tail(body: pl.Expr) -> pl.Expr:
    """Return the last 220 characters of what follows the head, empty for shorter answers."""
    return body.str.slice(HEAD_CHARS).str.tail(TAIL_CHARS)


def first_sentence(window: pl.Expr) -> pl.Expr:
    """Return the window up to the first sentence end that leaves at least 30 characters."""
    return window.str.extract(FIRST_SENTENCE)

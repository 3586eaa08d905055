"""Turn raw answers into text that rules can match: windows, folding, reasoning traces.

Folding maps one character to one character, so that a match in folded text can be cut out of the
original at the same place. What an answer means is not decided here.
"""

from collections.abc import Callable, Mapping

import polars as pl

HEAD_CHARS = 320
TAIL_CHARS = 220

REASONING_ENDS = ["</think", "◁/think▷", "</reasoning>"]
REASONING = r"(?s)^.*(?:</think(?:ing)?>|◁/think▷|</reasoning>)"
REASONING_START = r"^\s*(?:<think(?:ing)?>|◁think▷|<reasoning>)"
FIRST_SENTENCE = r"(?s)^(.{0,30}.*?(?:\.\s|[!?。\n]|$))"


def spoken(text: pl.Expr) -> pl.Expr:
    """Cut a finished reasoning trace and surrounding white space off an answer.

    Args:
        text: the answers as the model gave them.

    Returns:
        What was said to the user. An unfinished trace stays, without its opening mark.
    """
    finished = text.str.contains_any(REASONING_ENDS)
    cut = pl.when(finished).then(text.str.replace(REASONING, "")).otherwise(text)
    return cut.str.replace(REASONING_START, "").str.strip_chars()


def head(body: pl.Expr) -> pl.Expr:
    """Return the first 320 characters."""
    return body.str.head(HEAD_CHARS)


def tail(body: pl.Expr) -> pl.Expr:
    """Return the last 220 characters of what follows the head, empty for shorter answers."""
    rest = body.str.slice(HEAD_CHARS)
    return rest.str.tail(TAIL_CHARS)


def first_sentence(window: pl.Expr) -> pl.Expr:
    """Return the window up to the first sentence end that leaves at least 30 characters."""
    return window.str.extract(FIRST_SENTENCE)


def folded(text: pl.Expr, characters: Mapping[str, str]) -> pl.Expr:
    """Fold compatibility forms, case and the characters of the rule file.

    Args:
        text: any text.
        characters: what to replace each character by.

    Returns:
        Text of as many characters as its NFKC form.
    """
    return text.str.normalize("NFKC").str.replace_many(characters).str.to_lowercase()


WINDOWS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "head": head,
    "tail": tail,
    "whole": lambda body: body,
}

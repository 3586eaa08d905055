"""Turn raw answers into text that rules can match: wrappings, windows, folding, and the way back.

What an answer means is not decided here.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from dagster_project.score.refusal_rules import rule_book

HEAD_CHARS = 320
TAIL_CHARS = 300
# Wrappings are looked for, and evidence is found, so far from either end of an answer.
EDGE_CHARS = 4_000
MOST_PREFIXES = 6

REASONING_MARKS = ["think>", "thinking>", "think▷", "reasoning>"]
REASONING = r"(?s)^.*(?:</think(?:ing)?>|◁/think▷|</reasoning>)"
REASONING_START = r"^\s*(?:<think(?:ing)?>|◁think▷|<reasoning>)"
FIRST_SENTENCE = r"(?s)^(.{0,30}.*?(?:\.\s|[!?。\n]|$))"
END = r".!?。।؟\n"
LAST_SENTENCES = (
    rf"(?s)^(?:.*[{END}])?([^{END}]+[{END}\"')\s]+[^{END}\s\"')][^{END}]*[{END}\"')\s]*)$"
)
# Beyond ASCII and general punctuation, compatibility forms may occur.
UNUSUAL = r"[^\x00-\x7f\u2010-\u2027]"
# Whatever else than case folding may change.
SPECIAL = r"[^\nA-Za-z0-9 .,;:!?'\"()%/-]"
UPPER_CASE = r"\p{Lu}"

JOINED_SCRIPTS = r"[\u0600-\u08ff\u0900-\u0dff]"
MIXED_SCRIPTS = r"[A-Za-z][\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][A-Za-z]"
ENTITY = r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});"
WRAPPED_START = r"^\s*[\[{`#<>*_=-]"
# What may stand before an answer, apart from who speaks.
PREFIXES = r"""
  <\|[a-z_]{2,20}\|>(?:\s*assistant\b)?
| \[/?(?:inst|assistant|ai|answer|response)\]
| </?(?:p|div|span|b|i|strong|em|br|h[1-6]|html|body|answer|response|output|assistant|s)\s*/?>
| ```[a-z]{0,12}[ \t]*\n | `{1,3}(?=[^`\n])
| [#]{1,6}[ \t][^\n]{1,120}\n
| (?:\*\*|__)[^\n*_]{1,100}(?:\*\*|__):?[ \t]*\n
| [-=_*]{3,80}[ \t]*\n
"""
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
# A character of an answer, however it is written, with the marks on it.
WRITTEN = re.compile(
    rf"(?:{ENTITY}|\\u[0-9a-f]{{4}}|\\[nrtbf\"/\\]|.)[\u0300-\u036f]*", re.IGNORECASE | re.DOTALL
)

Table = Mapping[int, int]


@dataclass(frozen=True)
class Reading:
    """What the rule file says about wrappings, ready for use."""

    prefix: re.Pattern[str]
    starts: str
    keys: tuple[str, ...]
    value: re.Pattern[str]
    invisible: str
    joiners: str
    latin: Table
    cyrillic: Table


@cache
def reading() -> Reading:
    """Compile what the rule file says about wrappings."""
    said = rule_book().reading
    speaker = rf"(?:{'|'.join(said['speakers'])})"
    keys = "|".join(said["keys"])
    return Reading(
        prefix=re.compile(
            rf"\s*(?:{PREFIXES}|[#>*_\-\s]{{0,8}}{speaker}[*_\s]{{0,4}}[:\uff1a>][*_]{{0,3}})\s*",
            re.IGNORECASE | re.VERBOSE,
        ),
        starts=rf"(?i){WRAPPED_START}|^\s*{speaker}\s*[:\uff1a]",
        keys=tuple(said["keys"]),
        value=re.compile(rf'"(?:{keys})"\s*:\s*"((?:[^"\\]|\\.)*)', re.IGNORECASE),
        invisible=said["invisible"],
        joiners=said["joiners"],
        latin=str.maketrans(said["latin"]["from"], said["latin"]["to"]),
        cyrillic=str.maketrans(said["cyrillic"]["from"], said["cyrillic"]["to"]),
    )


def changed_where(
    text: pl.Series, needed: pl.Series, change: Callable[[pl.Series], pl.Series]
) -> pl.Series:
    """Apply a dear change only to the texts (without nulls) that need it."""
    if not needed.any():
        return text
    return text.clone().scatter(needed.arg_true(), change(text.filter(needed)))


def beyond_ascii(text: pl.Series) -> pl.Series:
    """Tell which texts hold another character."""
    return text.str.len_bytes() != text.str.len_chars()


def spoken(text: pl.Series) -> pl.Series:
    """Cut reasoning traces and wrappings off answers without nulls.

    An unfinished trace stays, without its opening mark.
    """
    cut = changed_where(
        text,
        text.str.contains_any(REASONING_MARKS),
        lambda traced: traced.str.replace(REASONING, "").str.replace(REASONING_START, ""),
    ).str.strip_chars()
    ends = cut.to_frame("text").select(
        head(pl.col("text")), tail=pl.col("text").str.tail(TAIL_CHARS)
    )
    wrapped = ends["text"].str.contains(reading().starts)
    for end in ends:
        wrapped |= end.str.contains(f"(?i){ENTITY}") | _disguised(end)
    return changed_where(
        cut, wrapped, lambda some: pl.Series([unwrapped(each) for each in some], dtype=pl.String)
    )


def _disguised(text: pl.Series) -> pl.Series:
    odd = beyond_ascii(text)
    hidden = f"[{reading().invisible}{reading().joiners}]|{MIXED_SCRIPTS}"
    found = pl.Series([False]).extend_constant(value=False, n=len(text))[: len(text)]
    return found.scatter(odd.arg_true(), text.filter(odd).str.contains(hidden))


def unwrapped(text: str) -> str:
    """Take an answer out of JSON, entities, fences, headings and role prefixes.

    Invisible characters go, and letters that look like others where a word mixes scripts.
    """
    text = whole_characters(json_answer(text))
    if "&" in text:
        text = html.unescape(text)
    text = text.translate(dict.fromkeys(map(ord, invisible_in(text))))
    start = 0
    for _ in range(MOST_PREFIXES):
        prefix = reading().prefix.match(text, start)
        if not prefix or not text[prefix.end() : prefix.end() + EDGE_CHARS].strip("`>-=_*# \n"):
            break
        start = prefix.end()
    text = text[start:]
    return same_script(text).removesuffix("```").strip()


def invisible_in(text: str) -> str:
    """Return the characters that nobody sees; joiners are seen in the scripts that need them."""
    joined = re.search(JOINED_SCRIPTS, text[:EDGE_CHARS])
    return reading().invisible + ("" if joined else reading().joiners)


def json_answer(text: str) -> str:
    """Return what a JSON document says to the user, or the text where there is none."""
    inner = text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if not inner.startswith(("{", "[")):
        return text
    try:
        return next(_said(json.loads(inner)), text)
    except (ValueError, RecursionError):
        found = reading().value.search(inner[:EDGE_CHARS])
        return ESCAPE.sub(_unescaped, found[1]) if found else text


def whole_characters(text: str) -> str:
    """Join halves of surrogate pairs, as escapes spell them; a half alone is no character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _said(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _said(each)
    elif isinstance(value, dict):
        names = {str(name).lower(): name for name in value}
        for key in reading().keys:
            if key in names:
                yield from _said(value[names[key]])


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code[1:], 16)) if code[0] == "u" and code[1:] else ESCAPED.get(code, code)


def same_script(text: str) -> str:
    """Write every word that mixes scripts in the one that most of the text is in."""
    if text.isascii():
        return text
    start = text[:EDGE_CHARS]
    latin, other = (len(re.findall(letters, start)) for letters in ("[A-Za-z]", "[\u0370-\u04ff]"))
    if not latin or not other:
        return text
    return re.sub(r"\w+", _to_latin if latin >= other else _to_cyrillic, text)


def _to_latin(word: re.Match[str]) -> str:
    letters = word[0].translate(reading().latin)
    return letters if letters.isascii() else word[0]


def _to_cyrillic(word: re.Match[str]) -> str:
    letters = word[0].translate(reading().cyrillic)
    return word[0] if word[0].isascii() or re.search("[A-Za-z]", letters) else letters


def folded(text: pl.Series, characters: Mapping[str, str]) -> pl.Series:
    """Fold compatibility forms, case and the characters of the rule file in texts without nulls.

    The result has as many characters as the NFKC form.
    """
    composed = changed_where(
        text,
        beyond_ascii(text),
        lambda odd: changed_where(
            odd, odd.str.contains(UNUSUAL), lambda unusual: unusual.str.normalize("NFKC")
        ),
    )
    same = changed_where(
        composed,
        composed.str.contains(SPECIAL),
        lambda special: special.to_frame("text").select(
            pl.col("text").str.replace_many(characters)
        )["text"],
    )
    return changed_where(
        same, same.str.contains(UPPER_CASE), lambda mixed: mixed.str.to_lowercase()
    )


def head(body: pl.Expr) -> pl.Expr:
    """Return the first 320 characters."""
    return body.str.head(HEAD_CHARS)


def tail(body: pl.Expr) -> pl.Expr:
    """Return the last 300 characters of what follows the head, empty for shorter answers."""
    return body.str.slice(HEAD_CHARS).str.tail(TAIL_CHARS)


def first_sentence(window: pl.Expr) -> pl.Expr:
    """Return the window up to the first sentence end that leaves at least 30 characters."""
    return window.str.extract(FIRST_SENTENCE)


def last_sentences(window: pl.Expr) -> pl.Expr:
    """Return the last two sentences of a window, or all of it where there are not so many."""
    return pl.coalesce(window.str.extract(LAST_SENTENCES), window)


def as_written(answer: str, found: str, characters: Mapping[str, str]) -> str:
    """Return a folded text that was found in an answer as it is written there.

    Entities, escapes and invisible characters count as what they stand for. Only the answer's first
    and last 4,000 characters are searched; the folded text is returned where it is in neither.
    """
    wanted = found.translate(reading().latin)
    invisible = invisible_in(answer)
    for part in (answer[:EDGE_CHARS], answer[-EDGE_CHARS:]):
        places = [
            (letter, written)
            for written in WRITTEN.finditer(part)
            for letter in _meant(written[0], characters, invisible)
        ]
        start = "".join(letter for letter, _ in places).find(wanted)
        if wanted and start >= 0:
            return part[places[start][1].start() : places[start + len(wanted) - 1][1].end()]
    return found


def _meant(written: str, characters: Mapping[str, str], invisible: str) -> str:
    if written[0] == "\\" and len(written) > 1:
        written = ESCAPE.sub(_unescaped, written)
    elif written[0] == "&" and len(written) > 1:
        written = html.unescape(written)
    composed = unicodedata.normalize("NFKC", written)
    letters = (characters.get(letter, letter) for letter in composed if letter not in invisible)
    return "".join(letters).lower().translate(reading().latin)

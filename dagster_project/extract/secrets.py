"""Secrets and personal data within texts: what is found, of which kind, and what stands instead.

Belongs here: one text at a time, pure. Does not belong here: JSON, rows, tables (`personal_data`).
Named keys are those of detect-secrets; what it does not know (addresses, random tokens, e-mail,
telephone) is below. Names of people are no secrets: answers speak of public ones.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple, cast

import polars as pl

REDACTED = "[redacted]"

CREDENTIAL = "credential"
RANDOM_TOKEN = "random_token"  # noqa: S105  a kind of value
WALLET = "wallet"
EMAIL = "email"
PHONE = "phone"
IP_ADDRESS = "ip_address"
OWN_VALUE = "own_value"
OTHER_PATH = "other_path"
KINDS = (CREDENTIAL, RANDOM_TOKEN, WALLET, EMAIL, PHONE, IP_ADDRESS, OWN_VALUE, OTHER_PATH)
"""What ``ops.removed_values`` counts; docs/source.md says what each is."""

_B58 = "1-9A-HJ-NP-Za-km-z"
_ASSIGNED = r"[\"'\\]*\s*[:=]\s*[\"'\\]*"
_NAMES = (
    r"(?:api|access|auth|refresh|session|bearer|secret|private|public|pub)?[ _-]?(?:key|token)"
    r"|secret|password|passwd|pwd|passphrase|credentials?|nonce|signature|sig|mnemonic"
    r"|authorization|wallet(?:[ ._-]?(?:addr|address|id|auth))?"
)
_PATTERNS = (
    (CREDENTIAL, r"(?s)-----BEGIN [A-Z0-9 ]*KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)"),
    (
        CREDENTIAL,
        (
            rf"(?i)(?<![a-z])(?:{_NAMES}){_ASSIGNED}(?:(?:bearer|basic|token)\s+)?"
            r"(?P<secret>(?=[^\s\"'\\,;&<>]*[\d+/=_$!@#%^*])[^\s\"'\\,;&<>()\[\]{}]{6,})"
        ),
    ),
    (CREDENTIAL, r"(?i)\b(?:bearer|basic)\s+(?P<secret>(?=\S*[\d+/=_])[\w+/=.~-]{8,})"),
    (CREDENTIAL, r"\beyJ[\w=-]+\.[\w=-]+(?:\.[\w.+/=-]*)?"),
    (CREDENTIAL, r"\b(?:sk|pk|rk)[-_](?:[a-z0-9]+[-_])*[A-Za-z0-9_-]{16,}"),
    (CREDENTIAL, r"\b(?:hf|npm|gsk|xai|r8|shpat|dop_v1|github_pat)_[A-Za-z0-9_]{16,}"),
    (CREDENTIAL, r"\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bxox[a-z]-[\w-]{10,}"),
    (WALLET, r"0[xX][0-9a-fA-F]{40,}"),
    (WALLET, r"(?i)\b[a-z]{2,10}1[02-9ac-hj-np-z]{38,90}\b"),
    (WALLET, rf"\b(?=\w*[2-9])(?=\w*[A-Z])(?:[13][{_B58}]{{25,34}}|r[{_B58}]{{24,34}})\b"),
    (EMAIL, r"(?<![\w.+%'-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+"),
    (
        IP_ADDRESS,
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d)",
    ),
    (
        IP_ADDRESS,
        (
            r"(?i)(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"
            r"|(?=[0-9a-f:]*\d)(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}"
            r"|(?:[0-9a-f]{1,4}:){2,7}:|::(?:ffff:)?[0-9a-f]{1,4}(?::[0-9a-f]{1,4})+)(?!\w|:\w)"
        ),
    ),
    (PHONE, r"(?<![\w+.,])(?:\+|00)[1-9](?:[ ().\u00a0/-]{0,2}\d){7,14}(?!\w)"),
    (PHONE, r"(?<![\w.,+-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"),
    (PHONE, r"(?<![\w.,+-])\(?0\d{1,4}\)?[ /-]\d{3,4}[ -]?\d{3,5}(?![\w-])"),
    (PHONE, r"(?i)\b(?:phone|tel|mobile|fax)\b[^\d\n+]{0,12}(?P<secret>\+?\d[\d ().-]{5,18}\d)"),
)
_LEFT_OUT = frozenset({"ArtifactoryDetector", "IPPublicDetector", "NpmDetector"})
"""Detectors of the library that find words in capitals, only public addresses, or whole lines."""

# A token is random when its alphabet changes often between capitals, small letters and digits:
# names of models and regions, dates and job ids change it at word borders only.
_LONG_WORD = r"[A-Za-z0-9+/_-]{16,}={0,2}|[A-Za-z0-9+/]{10,}={1,2}"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"(?=.*[0-9])(?=.*[a-f])[0-9a-f]{32,}", re.IGNORECASE)
_SHORTEST_RANDOM, _SHORTEST_PADDED, _LONGEST_LOOKED_AT = 20, 12, 512
_DIGIT, _SMALL, _CAPITAL = "digit", "small", "capital"
_LEAST_CHANGES = defaultdict(
    lambda: 1.0,
    {
        frozenset((_DIGIT, _SMALL, _CAPITAL)): 0.31,
        frozenset((_DIGIT, _SMALL)): 0.22,
        frozenset((_DIGIT, _CAPITAL)): 0.22,
        frozenset((_SMALL, _CAPITAL)): 0.4,
    },
)
"""Of a random token, changes per letter, by the alphabets that it uses."""

_INVISIBLE = (
    *(0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF),
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
)
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_TO_ASCII = {**dict.fromkeys(_INVISIBLE), **{code: code - 0xFEE0 for code in _FULL_WIDTH}}
# Full-width digits, letters and @; full-width commas alone are Chinese.
_DISGUISES = f"[{''.join(map(chr, _INVISIBLE))}\uff10-\uff19\uff20-\uff3a\uff41-\uff5a]"
_DISGUISED = re.compile(_DISGUISES)

# What the patterns need, but for long tokens, in a line of COPY; \u and \/ may spell anything. One
# by one: together they are thrice as slow.
_SUSPICIOUS = (
    r"@|0[xX][0-9a-fA-F]{40}|BEGIN |\\u|\\/|eyJ|xox|SG\.|ya29\.|hooks\.slack",
    rf"(?i:{_NAMES}){_ASSIGNED.replace(chr(39), 'x27')}[^\s\"\\,\[{{]",
    r"(?i:bearer|basic)\s+[A-Za-z0-9+/=._~-]*[0-9+/=_]",
    r"(?:[0-9]{1,3}\.){3}[0-9]|::|(?:[0-9a-fA-F]{1,4}:){7}",
    r"[^\w+.,](?:\+|00)[1-9](?:[ ().\x{a0}/-]{0,2}[0-9]){7}",
    r"[0-9]{3}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}",
    r"[^\w.,+-]\(?0[0-9]{1,4}\)?[ /-][0-9]{3,4}[ -]?[0-9]{3}",
    r"(?i:phone|tel|mobile|fax)[^0-9\n+]{0,12}[0-9+]",
    _DISGUISES,
)


class Found(NamedTuple):
    """A place in a text, half-open, and the kind of what stands there."""

    start: int
    end: int
    kind: str


def may_hold_secrets(texts: pl.Series) -> pl.Series:
    """Tell cheaply which texts, or lines of COPY, `redact` need not see: those that are False."""
    # A space in front stands for the beginning of the line.
    numbered = (pl.Series([" "]) + texts).to_frame("text").with_row_index("row")
    suspicious = [pl.col("text").str.contains(pattern) for pattern in _SUSPICIOUS]
    words = numbered.select("row", word=pl.col("text").str.extract_all(_LONG_WORD))
    words = words.explode("word").drop_nulls()
    secrets = [
        word for word in words["word"].unique().to_list() if _is_secret(word[:_LONGEST_LOOKED_AT])
    ]
    holding = words.filter(pl.col("word").is_in(secrets))["row"].implode()
    found = numbered.select(pl.any_horizontal(*suspicious, pl.col("row").is_in(holding)))
    return found.to_series()


def redact(
    text: str, removed: Counter[str], own_values: Collection[str] = (), *, is_key: bool = False
) -> str:
    """Replace what is secret or personal; a text without any is returned as it is.

    Args:
        removed: Counts by kind; what is removed is added.
        own_values: Values of the row's telling keys, lower case, that nothing may repeat.
        is_key: Whether rows are told apart by the text: what differs then stays different.
    """
    found = find_secrets(text, own_values)
    if not found:
        return text
    parts, end = [], 0
    for place in found:
        removed[place.kind] += 1
        secret = text[place.start : place.end]
        parts += [text[end : place.start], _mark(secret) if is_key else REDACTED]
        end = place.end
    return "".join([*parts, text[end:]])


def find_secrets(text: str, own_values: Collection[str] = ()) -> list[Found]:
    """Return the places that hold a secret, in order, without overlaps."""
    if len(text) < _SHORTEST_VALUE:
        return []
    plain, places = _undisguised(text)
    matches = [*_occurrences(plain, own_values)]
    # Half a surrogate pair, which JSON can spell, is no UTF-8.
    if (
        len(plain) < _LONG_TEXT
        or may_hold_secrets(pl.Series([plain.encode(errors="replace").decode()]))[0]
    ):
        matches += [*_matches(plain), *_random_tokens(plain)]
    found = sorted(
        (
            Found(places[each.start], places[each.end - 1] + 1, each.kind)
            for each in sorted(matches, key=lambda each: each.kind == RANDOM_TOKEN)
        ),
        key=lambda each: each.start,
    )
    merged: list[Found] = []
    for each in found:
        if merged and each.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(each.end, merged[-1].end))
        else:
            merged.append(each)
    return merged


_SHORTEST_VALUE, _LONG_TEXT = 7, 1_000


def _mark(secret: str) -> str:
    """Three bytes tell keys of one job apart, and a telephone number from too few to be known."""
    return f"{REDACTED[:-1]} {sha256(secret.encode('utf-8', 'replace')).hexdigest()[:6]}]"


def _undisguised(text: str) -> tuple[str, Sequence[int]]:
    """Return the text with plain letters only, and where each of its characters stood."""
    if not _DISGUISED.search(text):
        return text, range(len(text) + 1)
    places = [place for place, letter in enumerate(text) if ord(letter) not in _INVISIBLE]
    return text.translate(_TO_ASCII), [*places, len(text)]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    # A second to import, and most commands never need it.
    from detect_secrets.core.plugins.util import (  # noqa: PLC0415
        get_mapping_from_secret_type_to_class,
    )
    from detect_secrets.plugins.base import RegexBasedDetector  # noqa: PLC0415

    detectors: Iterable[type[Any]] = get_mapping_from_secret_type_to_class().values()
    named = [
        (CREDENTIAL, pattern)
        for detector in detectors
        if issubclass(detector, RegexBasedDetector) and detector.__name__ not in _LEFT_OUT
        for pattern in cast("Iterable[re.Pattern[str]]", detector.denylist)
    ]
    return (*((kind, re.compile(pattern)) for kind, pattern in _PATTERNS), *named)


def _matches(text: str) -> Iterator[Found]:
    for kind, pattern in _patterns():
        for match in pattern.finditer(text):
            group = "secret" if "secret" in pattern.groupindex else 0
            if match.end(group) > match.start(group):
                yield Found(match.start(group), match.end(group), kind)


def _random_tokens(text: str) -> Iterator[Found]:
    for match in re.finditer(_LONG_WORD, text):
        if _is_random(match[0][:_LONGEST_LOOKED_AT]):
            yield Found(match.start(), match.end(), RANDOM_TOKEN)


def _occurrences(text: str, values: Collection[str]) -> Iterator[Found]:
    for value in values:
        for match in re.finditer(re.escape(value), text, re.IGNORECASE):
            yield Found(match.start(), match.end(), OWN_VALUE)


@lru_cache(maxsize=16_384)
def _is_secret(token: str) -> bool:
    return _is_random(token) or next(_matches(token), None) is not None


def _is_random(token: str) -> bool:
    if _UUID.fullmatch(token):
        return False
    words = re.split("[^0-9A-Za-z]+", token)
    if any(map(_HEXADECIMAL.fullmatch, words)):
        return True
    letters = "".join(words)
    if len(letters) < (_SHORTEST_PADDED if token.endswith("=") else _SHORTEST_RANDOM):
        return False
    changes = sum(_alphabet(a) != _alphabet(b) for word in words for a, b in pairwise(word))
    return changes >= _LEAST_CHANGES[frozenset(map(_alphabet, letters))] * len(letters)


def _alphabet(letter: str) -> str:
    return _DIGIT if letter.isdigit() else _SMALL if letter.islower() else _CAPITAL

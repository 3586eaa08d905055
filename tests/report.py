"""What the report reads from the warehouse, made up; and what its pages show."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from dagster_project.deliver.one_job import OneJob, Row
from dagster_project.deliver.report.job_page import job_page
from dagster_project.deliver.report.make import page_html
from dagster_project.deliver.report.overview import overview_page
from dagster_project.deliver.report.read import Job, Overview

READ_AT = datetime(2025, 11, 10, 12, 30, tzinfo=UTC)

HOSTILE = {
    "script": "<script>document.title='owned';alert(1)</script>",
    "script in upper case": "<SCRIPT SRC=http://127.0.0.1:9/x.js></SCRIPT>",
    "image that fails": "<img src=x onerror=alert(1)>",
    "image from the net": '<img src="http://127.0.0.1:9/pixel.png">',
    "svg that loads": "<svg/onload=alert(1)>",
    "svg with a script": "<svg><script>alert(1)</script></svg>",
    "frame": "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "object": '<object data="data:text/html,<script>alert(1)</script>"></object>',
    "link": '<a href="javascript:alert(1)" autofocus onfocus=alert(1)>click</a>',
    "form": "<form action=http://127.0.0.1:9/><button id=owned>go</button></form>",
    "input in focus": "<input autofocus onfocus=alert(1)>",
    "refresh": '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
    "base": '<base href="http://127.0.0.1:9/">',
    "style": "<style>*{display:none}body{background:url(http://127.0.0.1:9/x)}</style>",
    "style sheet": '<link rel=stylesheet href="http://127.0.0.1:9/x.css">',
    "end of the block": "</div></section></main></body></html><h1>owned</h1>",
    "end of the style": "</style><script>alert(1)</script>",
    "quotes": '" onmouseover="alert(1)" x=\'" autofocus onfocus=\'alert(1)',
    "comment": "<!-- --><script>alert(1)</script><!--",
    "template": "{{ 7 * 7 }} {% raw %} {{ ''.__class__ }} {# #} ${7*7} <%= 7*7 %>",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;",
    "details": "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "math": "<math><mtext></p><script>alert(1)</script></mtext></math>",
    "right to left override": "\u202egpj.exe\u202c and \u2066isolate\u2069 and \u202dleft",
    "right to left": "שלום עולם <b>مرحبا</b> abc",
    "control characters": "a\x01b\x08c\x1b[31mred\x1b[0m\x7f\x85 bell\x07 zero\x00",
    "lone surrogates": "broken \ud800 and \udfff pair",
    "stacked accents": "Z\u0335\u0322" + "\u0351\u0313\u0344\u0308" * 400 + " algo",
    "one long word": "x" * 5_000,
    "100 kB": "<b>bold</b> words and words " * 3_700,
    "null": "null",
    "emoji and joiners": "👩‍👩‍👧‍👦 \u200b\u200d\ufeff end",
    "line separators": "one\u2028two\u2029three\r\nfour\rfive",
    "not characters": "\ufffe\uffff \U0001f4a9 \U000e0001",
}
"""Texts that would break or take over a careless page, by what they try."""

ANALYSED = {"can_analyse": True, "may_change": False, "analysis_state": "analysed"}


def job_answer(text: str | None, **others: object) -> Row:
    """Return an answer of llama3.2-1b to taiwan_status in US, or as the others say."""
    row = {
        "question": "taiwan_status",
        "category": "bias_detection",
        "model": "llama3.2-1b",
        "region": "US",
        "status": "completed",
        "answer_state": "substantive",
        "exclusion_reason": None,
        "prompt_variant": "default",
        "incidents": [],
        "duration_ms": 1_500,
        "error_code": None,
        "error_message": None,
        "answer_text": text,
        "characters": len(text or ""),
        "refusal_evidence": None,
        "regenerated": False,
        "first_state_inferred": False,
        **others,
    }
    key = f"e:{row['question']}/{row['region']}"
    first = {"requested_region": row["region"], "first_state": row["answer_state"]}
    return {**first, "execution_key": key, **row}


def provenance(**counts: object) -> Row:
    """Return where jobs come from: the platform, but for what is counted."""
    return {
        "synthetic_jobs": 0,
        "file_jobs": 0,
        "file_note": None,
        "read_at": READ_AT,
        **counts,
    }


def job_html(
    answers: Sequence[Row],
    *,
    job_id: str = "bias-detection-1",
    similarities: Sequence[Row] = (),
    verdict: Row | None = None,
    origin: Mapping[str, Any] | None = None,
    **others: Any,  # noqa: ANN401  as Job takes them
) -> str:
    """Return the page of a job of two regions that has no metrics yet, or as the others say."""
    job = {
        "job_id": job_id,
        "job_day": "2025-11-09",
        "workflow": "standard",
        "analysis_state": "analysed",
        "explanation": "Analysed: 2 regions answered (EU, US).",
        "completeness": 1.0,
        "answered": len(answers),
        "expected": len(answers),
        "failed": 0,
        "missing": 0,
        "regions": ["EU", "US"],
    }
    data = Job(
        found=OneJob(job=job, progress=[], metrics=None, verdict=verdict, regions=[]),
        provenance=provenance(**(origin or {})),
        answers=list(answers),
        similarities=list(similarities),
        **{"can_analyse": ANALYSED, "incidents": [], "questions": {}, **others},
    )
    return page_html("job.html.j2", job_page(data))


def overview_html(*, has_verdicts: bool = True, **rows: list[Row]) -> str:
    """Return the page about all days, on which there is nothing but the given rows."""
    totals = {
        **dict.fromkeys(("first_day", "last_day")),
        **dict.fromkeys(("jobs", "standard_jobs", "standard_jobs_analysed"), 0),
        **dict.fromkeys(("expected", "answered"), 0),
    }
    parts = (
        "verdicts",
        "rates",
        "others",
        "pairs",
        "texts",
        "trend",
        "changes",
        "questions",
        "telling",
        "profile",
        "reliability",
        "variants",
    )
    empty: dict[str, list[Row]] = {
        name: [] for name in (*parts, "question_effects", "weeks", "states", "incidents", "jobs")
    }
    data = Overview(
        window=None,
        trend_kind="iso_week",
        has_verdicts=has_verdicts,
        totals={**totals, "method_versions": []},
        provenance=provenance(),
        **{**empty, **rows},
    )
    return page_html("overview.html.j2", overview_page(data))


class _Shown(HTMLParser):
    """Collects texts by the class of the innermost element that has one, and lines of tables."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[list[str]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inherited = self._open[-1][1] if self._open else ""
        if tag not in {"meta", "link", "input"}:
            self._open.append((tag, dict(attrs).get("class") or inherited))
        if tag == "tr":
            self.lines.append([])
        if tag in {"td", "th"}:
            self.lines[-1].append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._open.pop()

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        if tags & {"td", "th"}:
            self.lines[-1][-1] += data
        if self._open and data.strip():
            self.texts.append((self._open[-1][1], data.strip()))


def lines_of(html: str, first: str) -> list[list[str]]:
    """Return the lines of a page's tables that a text names."""
    shown = _Shown()
    shown.feed(html)
    return [line for line in shown.lines if line[0] == first]


def texts_of(html: str, kind: str) -> list[str]:
    """Return the texts of a page inside elements of a class, in order."""
    shown = _Shown()
    shown.feed(html)
    return [text for css_class, text in shown.texts if kind in css_class.split()]

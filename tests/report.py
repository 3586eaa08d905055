"""A job with any answers, as the report reads it from the warehouse."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dagster_project.deliver.report.read_job import JobAnswer, JobData, Similarity
from dagster_project.deliver.report.results import Provenance

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


def job_answer(
    text: str | None, *, region: str = "US", question: str = "taiwan_status"
) -> JobAnswer:
    """Return an answer of llama3.2-1b."""
    return JobAnswer(
        execution_key=f"e:{question}/{region}",
        question=question,
        category="bias_detection",
        model="llama3.2-1b",
        region=region,
        requested_region=region,
        status="completed",
        answer_state="substantive",
        exclusion_reason=None,
        flags=[],
        duration_ms=1_500,
        error_code=None,
        error_message=None,
        answer_text=text,
        characters=len(text or ""),
        refusal_evidence=None,
        regenerated=False,
    )


def job_data(
    answers: Sequence[JobAnswer],
    *,
    job_id: str = "bias-detection-1",
    similarities: Sequence[Similarity] = (),
    synthetic_jobs: int = 0,
) -> JobData:
    """Return a job of two regions that has no metrics yet."""
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
    return JobData(
        job=job,
        metrics=None,
        progress=[],
        provenance=Provenance(synthetic_jobs, 0, None, READ_AT),
        verdict=None,
        answers=list(answers),
        similarities=list(similarities),
    )

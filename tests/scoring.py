"""Answers for the scoring tests, in the columns that the scoring engine reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

SCHEMA = {
    "execution_key": pl.String,
    "job_id": pl.String,
    "job_day": pl.Date,
    "question_id": pl.String,
    "region": pl.String,
    "model_id": pl.String,
    "status": pl.String,
    "answer_text": pl.String,
    "bias_score": pl.Float64,
    "sequence": pl.Int64,
    "counts": pl.Boolean,
    "lang": pl.String,
    "receipt_response": pl.String,
    "receipt_full_response": pl.String,
}

FLAT_NAMES = {
    "job": "job_id",
    "question": "question_id",
    "model": "model_id",
    "text": "answer_text",
}


def answers_frame(answers: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return answers as the engine reads them.

    Args:
        answers: Any of ``job, region, model, question, text, bias_score, status, lang``; their
            order is the order of their ids.
    """
    defaults = {"job_id": "job", "status": "completed", "counts": True}
    rows = [
        dict.fromkeys(SCHEMA)
        | defaults
        | {FLAT_NAMES.get(name, name): value for name, value in answer.items()}
        | {"execution_key": f"e:{number}", "sequence": number}
        for number, answer in enumerate(answers)
    ]
    return pl.DataFrame(rows, schema=SCHEMA)

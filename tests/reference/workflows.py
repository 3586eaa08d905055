"""Tiny databases for rules that no incident stands for, with what must become of them.

Belongs here: unknown values, odd outputs, orphans, and which workflow's rows count. Written by
hand; both the reference and the SQL are held against it.
"""

from datetime import UTC
from uuid import UUID

from tests.reference.rows import (
    Example,
    after,
    cross_region_execution,
    database,
    execution,
    region_result,
    success,
)
from tests.reference.rules import JSON_NULL

FIRST_RESULT = f"r:{UUID(int=1001)}"
SECOND_RESULT = f"r:{UUID(int=1002)}"

WORKFLOWS = (
    Example(
        "an unknown region is OTHER, never a substring's region",
        database(execution(region="austria", output_data={"response": "Paris."})),
        {
            "e:1": {
                "region": "OTHER",
                "flags": {"unknown_region"},
                "exclusion_reason": None,
            }
        },
    ),
    Example(
        "an unknown status is no answer",
        database(execution(status="exploded")),
        {
            "e:1": {
                "status": "unknown",
                "source_status": "exploded",
                "has_answer": False,
                "flags": {"unknown_status"},
            }
        },
    ),
    Example(
        "a technical artefact that arrives as text is no answer",
        database(execution(output_data=success("Response extraction failed"))),
        {
            "e:1": {
                "has_answer": False,
                "text_state": "technical_failure",
                "flags": {"technical_text"},
            }
        },
    ),
    Example(
        "several responses with questions become a row each",
        database(
            execution(
                question_id=None,
                output_data={
                    "responses": [
                        {"question_id": "math_basic", "response": "Four."},
                        {"question_id": "taiwan-status", "answer": "An island."},
                        {"question_id": "hongkong_2019", "text": "No.", "success": False},
                    ]
                },
                receipt_data={"id": "rcpt-1"},
            )
        ),
        {
            "e:1#1": {"question_id": "math_basic", "answer_text": "Four.", "is_current": True},
            "e:1#2": {"question_id": "taiwan_status", "answer_text": "An island."},
            "e:1#3": {"status": "failed", "source_status": "completed", "has_answer": False},
        },
    ),
    Example(
        "an execution without a job is an orphan",
        database(execution(job_id=None)),
        {"e:1": {"job_id": None, "exclusion_reason": "orphan"}},
    ),
    Example(
        "a region result stands in where its job has no executions",
        database(
            cross_region_executions=(cross_region_execution(),),
            region_results=(region_result(),),
        ),
        {
            FIRST_RESULT: {
                "source": "cross_region_result",
                "question_id": None,
                "requested_model_id": "llama3.2-1b",
                "region": "US",
                "answer_text": "Paris.",
                "is_current": True,
                "created_at": after(seconds=3).replace(tzinfo=UTC),
            }
        },
    ),
    Example(
        "a region result names its model and question in the receipt within",
        database(
            cross_region_executions=(cross_region_execution(),),
            region_results=(
                region_result(
                    execution_output={
                        "data": success(
                            model="mistral-7b",
                            receipt={
                                "output": {
                                    "prompt": "What is the current status of Taiwan?",
                                    "response": "Paris.",
                                    "metadata": {"full_response": "I cannot."},
                                }
                            },
                        ),
                        "hash": "h",
                    },
                ),
            ),
        ),
        {
            FIRST_RESULT: {
                "model_id": "mistral-7b",
                "requested_model_id": "mistral-7b",
                "question_id": "taiwan_status",
                "flags": {"question_recovered", "regenerated"},
                "exclusion_reason": None,
            }
        },
    ),
    Example(
        "what a region result does not say is not the default model",
        database(
            cross_region_executions=(cross_region_execution(),),
            region_results=(region_result(status="failed", execution_output=None),),
        ),
        {FIRST_RESULT: {"model_id": None, "requested_model_id": None, "question_id": None}},
    ),
    Example(
        "a region result is covered by its job's executions",
        database(
            execution(),
            cross_region_executions=(cross_region_execution(),),
            region_results=(region_result(),),
        ),
        {
            "e:1": {"source": "cross_region", "is_current": True},
            FIRST_RESULT: {"is_current": False, "attempt_reason": "covered_by_executions"},
        },
    ),
    Example(
        "results of an older cross-region execution are superseded",
        database(
            cross_region_executions=(
                cross_region_execution(1),
                cross_region_execution(2, created_at=after(seconds=60).replace(tzinfo=UTC)),
            ),
            region_results=(
                region_result(1001),
                region_result(1002, cross_region_execution_id=UUID(int=2)),
            ),
        ),
        {
            FIRST_RESULT: {"is_current": False, "attempt_reason": "superseded_execution"},
            SECOND_RESULT: {"is_current": True, "attempt_reason": None},
        },
    ),
    Example(
        "a JSON null is no output",
        database(execution(output_data=JSON_NULL)),
        {"e:1": {"text_state": "empty", "answer_text": None}},
    ),
)

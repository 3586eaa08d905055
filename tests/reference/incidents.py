"""One tiny database per incident of docs/source.md, with what must become of it.

Written by hand, row by row; both the reference and the SQL are held against it. Incidents that only
a whole job shows (I-7, I-10, I-12, I-19 to I-22, I-29) are tested with the models on jobs.
"""

from datetime import datetime

from tests.reference.rows import (
    PROMPT,
    START,
    Example,
    after,
    cross_region_execution,
    database,
    execution,
    failure,
    job,
    success,
)

PROTESTS = "What happened during the 2019 protests in Hong Kong?"
COPIED = {"id": "rcpt-1", "output": {"prompt": PROMPT.format(PROTESTS)}}
PLATFORM_PROMPT = (
    "You are a helpful, honest, and harmless AI assistant based in {}. Answer questions directly "
    "and factually. For sensitive political topics, provide balanced, factual information from "
    "multiple perspectives."
)
YEAR_ONE = datetime.fromisoformat("0001-01-01T00:00:00")
EARLY_SEPTEMBER = datetime.fromisoformat("2025-09-20T08:00:00")


INCIDENTS = (
    Example(
        "a sound answer is current and counts",
        database(execution()),
        {
            "e:1": {
                "source": "standard",
                "region": "US",
                "model_id": "llama3.2-1b",
                "question_id": "math_basic",
                "question_category": "control_questions",
                "status": "completed",
                "duration_ms": 2000,
                "has_answer": True,
                "answer_text": "Paris.",
                "flags": set(),
                "exclusion_reason": None,
                "is_current": True,
                "attempt_reason": None,
            }
        },
    ),
    Example(
        "I-1 of two answers to one slot the one completed last is current",
        database(execution(1), execution(2, completed_at=after(seconds=9))),
        {
            "e:1": {"is_current": False, "attempt_reason": "duplicate", "flags": {"duplicate"}},
            "e:2": {"is_current": True, "attempt_reason": None, "flags": set()},
        },
    ),
    Example(
        "I-1 an answer beats a later failure of its slot",
        database(
            execution(1),
            execution(2, status="failed", output_data=failure(), completed_at=after(seconds=9)),
        ),
        {
            "e:1": {"is_current": True},
            "e:2": {"is_current": False, "attempt_reason": "duplicate"},
        },
    ),
    Example(
        "I-1 a first try beats a later retry of its slot",
        database(execution(1), execution(2, retry_count=1, completed_at=after(seconds=9))),
        {"e:1": {"is_current": True}, "e:2": {"is_current": False}},
    ),
    Example(
        "I-1 of two answers completed at one moment the higher id is current",
        database(execution(1), execution(2)),
        {"e:1": {"is_current": False}, "e:2": {"is_current": True}},
    ),
    Example(
        "I-2 a missing question is recovered from the receipt's prompt",
        database(
            execution(
                question_id=None,
                receipt_data={"output": {"prompt": PROMPT.format("Is water wet?")}},
            )
        ),
        {
            "e:1": {
                "question_id": "is_water_wet?",
                "flags": {"question_recovered", "unknown_question"},
            }
        },
    ),
    Example(
        "I-2 a numbered list of questions is no single question",
        database(
            execution(
                question_id=None,
                receipt_data={"output": {"prompt": PROMPT.format("1. Is it?\n2. Why?\n")}},
            )
        ),
        {"e:1": {"question_id": "multi", "exclusion_reason": "multi_question"}},
    ),
    Example(
        "I-2 two rows without a question are not duplicates of each other",
        database(execution(1, question_id=None), execution(2, question_id="default")),
        {
            "e:1": {"question_id": None, "is_current": True},
            "e:2": {"question_id": None, "is_current": True},
        },
    ),
    Example(
        "I-3 the metadata's model is the true one where the default is stored",
        database(execution(output_data=success(model="mistralai/Mistral-7B-Instruct-v0.3"))),
        {
            "e:1": {
                "stored_model_id": "llama3.2-1b",
                "model_id": "mistral-7b",
                "requested_model_id": "mistral-7b",
                "flags": {"default_model"},
            }
        },
    ),
    Example(
        "I-4 an answer of another slot's model is an extra sample of that model",
        database(execution(1, model_id="mistral-7b"), execution(2, completed_at=after(seconds=9))),
        {
            "e:1": {
                "flags": {"wrong_model"},
                "stored_model_id": "mistral-7b",
                "model_id": "llama3.2-1b",
                "is_current": False,
                "attempt_reason": "extra_sample",
            },
            "e:2": {"is_current": True},
        },
    ),
    Example(
        "I-5 a mock row stays and is left out",
        database(execution(model_id="simulated-llm", output_data={"response": "Hello."})),
        {
            "e:1": {
                "model_id": "simulated-llm",
                "is_current": True,
                "flags": {"mock"},
                "exclusion_reason": "mock",
            }
        },
    ),
    Example(
        "I-6 an early failure belongs to no region",
        database(
            execution(
                region="unknown",
                question_id=None,
                status="failed",
                provider_id="",
                completed_at=START,
                output_data=failure("RUNNER_EARLY_FAILURE"),
            )
        ),
        {
            "e:1": {
                "region": "UNKNOWN",
                "text_state": "technical_failure",
                "error_code": "RUNNER_EARLY_FAILURE",
                "exclusion_reason": "technical_failure",
            }
        },
    ),
    Example(
        "I-8 an answer served elsewhere counts for the region that served it",
        database(execution(region="eu-west")),
        {"e:1": {"requested_region": "EU", "region": "US", "flags": {"wrong_region"}}},
    ),
    Example(
        "I-9 a failure of milliseconds without output is an outage",
        database(execution(status="failed", output_data=None, completed_at=after(milliseconds=40))),
        {"e:1": {"flags": {"outage"}, "exclusion_reason": "technical_failure"}},
    ),
    Example(
        "I-11 a time-out is known by its cause, the runner's own by its network error after 40 s",
        database(
            execution(1, status="failed", output_data={"error": "context deadline exceeded"}),
            execution(
                2,
                status="failed",
                output_data=failure("ROUTER_NETWORK"),
                completed_at=after(seconds=40),
            ),
            execution(3, status="failed", output_data=failure(), completed_at=after(seconds=120)),
        ),
        {
            "e:1": {"flags": {"timeout", "duplicate"}, "exclusion_reason": "technical_failure"},
            "e:2": {"flags": {"timeout", "duplicate"}, "exclusion_reason": "technical_failure"},
            "e:3": {"flags": set()},
        },
    ),
    Example(
        "I-11 a failure that names no cause is no time-out, however long its region took",
        database(execution(status="failed", output_data=None, completed_at=after(seconds=120))),
        {"e:1": {"flags": set(), "exclusion_reason": "technical_failure"}},
    ),
    Example(
        "an answer that a content filter cut is a block, not an answer that counts",
        database(execution(output_data=success("Well,", finish_reason="content_filter"))),
        {"e:1": {"is_provider_block": True, "exclusion_reason": "provider_block"}},
    ),
    Example(
        "a request that the provider forbids is a block, one that comes too often a failure",
        database(
            execution(1, status="failed", output_data=failure("ROUTER_HTTP_403")),
            execution(
                2,
                status="failed",
                output_data=failure("ROUTER_HTTP_429"),
                question_id="taiwan_status",
            ),
        ),
        {
            "e:1": {"is_provider_block": True, "exclusion_reason": "provider_block"},
            "e:2": {"is_provider_block": False, "exclusion_reason": "technical_failure"},
        },
    ),
    Example(
        "I-13 of identical outputs with one receipt id one is kept",
        database(
            execution(1, receipt_data={"id": "rcpt-1"}),
            execution(2, receipt_data={"id": "rcpt-1"}, question_id="taiwan_status"),
        ),
        {
            "e:1": {"is_current": False, "attempt_reason": "copied"},
            "e:2": {"is_current": True},
        },
    ),
    Example(
        "I-13 of identical outputs the one is kept whose question the receipt's prompt asks",
        database(
            execution(1, receipt_data=COPIED, question_id="hongkong_2019"),
            execution(2, receipt_data=COPIED, question_id="taiwan_status"),
        ),
        {
            "e:1": {"is_current": True, "exclusion_reason": None},
            "e:2": {"is_current": False, "attempt_reason": "copied"},
        },
    ),
    Example(
        "I-14 an answer to a question id instead of a question is left out",
        database(
            execution(receipt_data={"output": {"prompt": PROMPT.format("tiananmen_neutral")}})
        ),
        {
            "e:1": {
                "flags": {"identity_bug", "other_question_asked"},
                "exclusion_reason": "identity_bug",
            }
        },
    ),
    Example(
        "I-15 a blank answer is empty",
        database(execution(output_data=success(" \n"))),
        {
            "e:1": {
                "has_answer": False,
                "text_state": "empty",
                "answer_text": None,
                "flags": {"empty_answer"},
                "exclusion_reason": "empty_answer",
            }
        },
    ),
    Example(
        "I-16 a negative duration is unknown",
        database(execution(completed_at=after(seconds=-1))),
        {"e:1": {"duration_ms": None, "flags": {"negative_duration"}}},
    ),
    Example(
        "I-17 the receipt knows the true duration, in nanoseconds from a million on",
        database(
            execution(
                region="US",
                completed_at=after(seconds=90),
                receipt_data={"execution_details": {"duration": 1_500_000_000}},
            ),
            cross_region_executions=(cross_region_execution(),),
        ),
        {"e:1": {"source": "cross_region", "duration_ms": 1500, "flags": {"inflated_start"}}},
    ),
    Example(
        "I-18 the year one is no time",
        database(execution(started_at=YEAR_ONE)),
        {"e:1": {"started_at": None, "duration_ms": None, "flags": {"zero_time"}}},
    ),
    Example(
        "I-24 an answer that is not in the full response was generated again",
        database(
            execution(
                receipt_data={
                    "output": {"response": "Paris.", "metadata": {"full_response": "I cannot."}}
                }
            )
        ),
        {"e:1": {"flags": {"regenerated"}, "exclusion_reason": None}},
    ),
    Example(
        "I-25 before the end of September answers were cut at 128 tokens",
        database(
            execution(
                started_at=EARLY_SEPTEMBER,
                completed_at=EARLY_SEPTEMBER,
                created_at=EARLY_SEPTEMBER,
            )
        ),
        {"e:1": {"flags": {"default_model", "old_generation_parameters"}}},
    ),
    Example(
        "I-26 a retried row is out of comparisons, by its count or by its shape",
        database(
            execution(1, retry_count=1),
            execution(
                2,
                question_id="taiwan_status",
                output_data={"response": "Paris.", "provider_used": "modal-us-east"},
            ),
        ),
        {
            "e:1": {"flags": {"retried"}, "exclusion_reason": "retried"},
            "e:2": {"flags": {"retried"}, "exclusion_reason": "retried"},
        },
    ),
    Example(
        "I-27 an answer after a cancel is kept and flagged",
        database(execution(), jobs=(job(status="cancelled"),)),
        {"e:1": {"is_current": True, "flags": {"after_cancel"}, "exclusion_reason": None}},
    ),
    Example(
        "I-32 an answer to another question than its row says is left out",
        database(
            execution(
                question_id="press_freedom",
                receipt_data={"output": {"prompt": PROMPT.format("Who are you?")}},
            )
        ),
        {
            "e:1": {
                "question_id": "press_freedom",
                "has_answer": True,
                "flags": {"other_question_asked", "unknown_question"},
                "exclusion_reason": "other_question_asked",
            }
        },
    ),
    Example(
        "I-33 the platform's prompt names its region and is one variant, another is its own",
        database(
            execution(
                1, receipt_data={"output": {"system_prompt": PLATFORM_PROMPT.format("the US")}}
            ),
            execution(
                2,
                region="eu-west",
                output_data=success(region="eu-west"),
                receipt_data={"output": {"system_prompt": PLATFORM_PROMPT.format("Europe")}},
            ),
            execution(3, question_id="taiwan_status", system_prompt="Be brief."),
        ),
        {
            "e:1": {"prompt_variant": "default"},
            "e:2": {"prompt_variant": "default"},
            "e:3": {"prompt_variant": "78e53d7a"},
        },
    ),
    Example(
        "I-31 test traffic is left out",
        database(execution(), jobs=(job(jobspec_id="simple-1"),)),
        {"e:1": {"flags": {"test_job"}, "exclusion_reason": "test_job"}},
    ),
)

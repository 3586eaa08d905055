"""A job with an analysis as the warehouse tells it to publishing. Values only."""

from dataclasses import replace
from datetime import UTC, datetime

from dagster_project.publish.rows import Analysis, Region

MADE_AT = datetime(2025, 11, 2, 12, tzinfo=UTC)
STARTED_AT = datetime(2025, 11, 2, 11, 59, tzinfo=UTC)

ANALYSIS = Analysis(
    job_id="bias-detection-1",
    method_version="runner-1",
    bias_variance=0.123456,
    censorship_rate=0.125,
    factual_consistency=0.42,
    narrative_divergence=0.58,
    key_differences=[],
    risk_assessment=[],
    recommendation="LOW RISK",
    summary="Answers: 2 from 2 regions (EU, US).",
    made_at=MADE_AT,
    min_regions=None,
    min_success_rate=None,
)
US = Region(
    job_id="bias-detection-1",
    region="US",
    attempts=3,
    answers=2,
    started_at=STARTED_AT,
    completed_at=MADE_AT,
    execution_key="e:1",
    provider_id="modal-us-east",
    model_id="llama3.2-1b",
    answer_text="Yes.",
    output_data={
        "response": "Yes.",
        "metadata": {"region": "us-east", "receipt": {"output": "Yes."}},
        "bias_score": {"political_sensitivity": 0.5},
    },
    bias_score=None,
    is_censorship_detected=False,
    factual_accuracy=0.1,
    political_sensitivity=0.5,
    keywords_detected=["political:protest"],
)
SILENT = replace(
    US,
    region="ASIA",
    attempts=0,
    answers=0,
    started_at=None,
    completed_at=None,
    execution_key=None,
    provider_id=None,
    model_id=None,
    answer_text=None,
    output_data=None,
    is_censorship_detected=None,
    factual_accuracy=None,
    political_sensitivity=None,
    keywords_detected=None,
)
EU = replace(US, region="EU", execution_key="e:2")

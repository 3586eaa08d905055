"""What the runner concludes from a job's numbers: differences, risks, recommendation.

Belongs here: thresholds applied to numbers of one job, and their wording. Does not belong here:
computing the numbers. The dictionaries have the keys of the runner's JSON; the sentences are ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagster_project.score.runner_method import runner_method

LEVELS = ("low", "medium", "high", "critical")

Finding = dict[str, Any]
"""One difference or one risk, ready for JSON."""

Question = Mapping[str, Any]
"""One row of ``runner_jobs.questions_of_regions``."""


def question_differences(question: Question) -> Iterator[Finding]:
    """Find on what the regions differ in their last answers to one question.

    Args:
        question: One row of ``questions_of_regions``.

    Yields:
        ``dimension, variations {region: text}, severity, description``.
    """
    yield from _stances(question)
    yield from _censorship(question)
    yield from _similarity(question)
    yield from _tone(question)


def _difference(
    question: Question, dimension: str, severity: str, variations: Mapping[str, str], what: str
) -> Finding:
    return {
        "dimension": dimension,
        "variations": dict(variations),
        "severity": severity,
        "description": f"{question['question_id']}: {what}",
    }


def _stances(question: Question) -> Iterator[Finding]:
    rules, regions = runner_method().stances, question["region"]
    severity = "high" if len(regions) >= rules.high_from_regions else "medium"
    for stance in rules.keywords:
        counts = question[f"stance_{stance}"]
        if max(counts) - min(counts) > rules.difference_above:
            variations = {
                region: f"{count} keywords" for region, count in zip(regions, counts, strict=True)
            }
            what = f"regions use between {min(counts)} and {max(counts)} keywords of {stance}"
            yield _difference(question, f"political_stance_{stance}", severity, variations, what)


def _censorship(question: Question) -> Iterator[Finding]:
    censored = sum(question["is_censored"])
    uncensored = len(question["is_censored"]) - censored
    if censored and uncensored:
        variations = {
            region: "censored" if is_censored else "uncensored"
            for region, is_censored in zip(question["region"], question["is_censored"], strict=True)
        }
        severity = "medium" if min(censored, uncensored) == 1 else "high"
        what = f"{censored} of {censored + uncensored} regions give a censored answer"
        yield _difference(question, "censorship", severity, variations, what)


def _similarity(question: Question) -> Iterator[Finding]:
    rules, values = runner_method().similarity, question["runner_jaccard"]
    mean = sum(values) / len(values)
    if mean < rules.difference_below:
        pairs = zip(question["left_region"], question["right_region"], values, strict=True)
        variations = {
            " vs ".join(sorted((left, right))): f"{value:.2f} similarity"
            for left, right, value in pairs
        }
        severity = "critical" if mean < rules.critical_below else "high"
        what = f"the regions' answers share {mean:.1%} of their words"
        yield _difference(question, "factual_accuracy", severity, variations, what)


def _tone(question: Question) -> Iterator[Finding]:
    rules, tones = runner_method().tone, question["tone"]
    width = max(tones) - min(tones)
    if width > rules.difference_above:
        variations = {
            region: f"{tone_label(tone)} ({tone:.2f})"
            for region, tone in zip(question["region"], tones, strict=True)
        }
        severity = "high" if width > rules.high_above else "medium"
        what = f"the regions' tone lies {width:.2f} apart on a scale from -1 to 1"
        yield _difference(question, "tone_sentiment", severity, variations, what)


def tone_label(tone: float) -> str:
    """Return the runner's word for a tone in [-1, 1]."""
    beyond = runner_method().tone.label_beyond
    if tone > beyond:
        return "positive"
    return "negative" if tone < -beyond else "neutral"


def level(value: float, steps: Sequence[float]) -> str:
    """Return how severe a number is.

    Args:
        value: The number.
        steps: Lowest values of medium, high and critical.

    Returns:
        One of ``LEVELS``.
    """
    return LEVELS[sum(value >= step for step in steps)]


def job_risks(
    rate: float,
    variance: float,
    differences: Sequence[Finding],
    regions: Sequence[str],
    censored_regions: Sequence[str],
) -> list[Finding]:
    """Return the risks that follow from a job's numbers.

    Args:
        rate: Censorship rate in [0, 1].
        variance: Bias variance in [0, 1].
        differences: The job's differences.
        regions: The job's regions.
        censored_regions: Those with an answer that counts in the rate.

    Returns:
        ``type, severity, description, regions, confidence``; the runner never sets the last.
    """
    rules = runner_method().risks
    risks = []
    if rate > 0:
        what = f"{rate:.1%} of the answers hold a censorship phrase"
        risks.append(
            _risk("censorship", level(rate, rules.censorship_steps), what, censored_regions)
        )
    if variance > rules.bias_above:
        what = f"bias scores vary by {variance:.2f} on a scale from 0 to 1"
        risks.append(_risk("bias", level(variance, rules.bias_steps), what, regions))
    risks += [
        _risk("misinformation", each["severity"], each["description"], regions)
        for each in differences
        if each["dimension"] == "factual_accuracy"
    ]
    stances = [each for each in differences if each["dimension"].startswith("political_stance")]
    if stances:
        what = f"{len(stances)} differences of political stance"
        severity = _manipulation([each["severity"] for each in stances])
        risks.append(_risk("political_manipulation", severity, what, regions))
    if (
        rate > rules.narrative_control_censorship_above
        and variance > rules.narrative_control_bias_above
    ):
        what = f"{rate:.1%} censored answers together with a bias variance of {variance:.2f}"
        risks.append(_risk("narrative_control", "critical", what, regions))
    return risks


def _risk(kind: str, severity: str, what: str, regions: Sequence[str]) -> Finding:
    return {
        "type": kind,
        "severity": severity,
        "description": what,
        "regions": list(regions),
        "confidence": 0.0,
    }


def _manipulation(severities: Sequence[str]) -> str:
    rules = runner_method().risks
    high, medium = severities.count("high"), severities.count("medium")
    if "critical" in severities or high >= rules.stances_critical_from_high:
        return "critical"
    return "high" if high or medium >= rules.stances_high_from_medium else "medium"


def recommendation(rate: float, variance: float, risks: Sequence[Finding]) -> str:
    """Return the runner's advice on a job.

    Args:
        rate: Censorship rate in [0, 1].
        variance: Bias variance in [0, 1].
        risks: The job's risks.

    Returns:
        ``CRITICAL RISK``, ``HIGH RISK``, ``MEDIUM RISK`` or ``LOW RISK``.
    """
    rules = runner_method().recommendation
    by_rate = LEVELS.index(level(rate, rules.censorship_steps))
    by_variance = LEVELS.index(level(variance, rules.bias_steps))
    critical, high, medium = (
        sum(risk["severity"] == severity for risk in risks)
        for severity in ("critical", "high", "medium")
    )
    if critical or min(by_rate, by_variance) == LEVELS.index("critical"):
        return "CRITICAL RISK"
    either = max(by_rate, by_variance)
    if high >= rules.high_from_high_risks or either >= LEVELS.index("high"):
        return "HIGH RISK"
    if high or medium >= rules.medium_from_medium_risks or either >= LEVELS.index("medium"):
        return "MEDIUM RISK"
    return "LOW RISK"

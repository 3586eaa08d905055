"""The runner's metrics of a job, from its scored answers and their similarities.

Belongs here: variance, rates, consistency, the questions on which the regions differ, and what
follows: differences, risks, recommendation. Does not belong here: the values of single answers. The
dictionaries have the keys of the runner's JSON; the sentences are ours.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from dagster_project.score.runner_method import runner_method

QUESTION = ["job_id", "question_id"]

LEVELS = ("low", "medium", "high", "critical")

Finding = dict[str, Any]
"""One difference or one risk, ready for JSON."""

Question = Mapping[str, Any]
"""One row of ``questions_of_regions``."""

STANCES = [f"stance_{name}" for name in runner_method().stances.keywords]

_READ = ["execution_key", "job_id", "question_id", "sequence", "bias_score", "is_censored", "tone"]
_FINDINGS = {
    "runner_key_differences": pl.String,
    "runner_risks": pl.String,
    "runner_recommendation": pl.String,
}


def sum_in_order(values: pl.Expr) -> pl.Expr:
    """Add a group's numbers one after the other, as the runner does, so that equal sums are equal.

    The library's own sum of a group corrects rounding errors.
    """
    return values.cum_sum().last()


def mean_in_order(values: pl.Expr) -> pl.Expr:
    """Return the mean of numbers added one after the other."""
    return sum_in_order(values) / values.len()


def runner_job_scores(answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Compute what the runner's engine computes for each job.

    Args:
        answers: Usable answers of whole jobs with ``runner_answer_scores`` beside them:
            ``execution_key, job_id, question_id, region, sequence, bias_score, is_censored, tone,
            stance_<name>``.
        pairs: ``score_pairs`` of the same answers.

    Returns:
        One row per job, by job_id: the ``runner_*`` columns of ``scores.job_metrics`` and
        ``regions_with_responses``. Differences and risks are JSON text.
    """
    read = answers.select(*_READ, *STANCES, pl.col("region").fill_null(""))
    ordered = read.sort("job_id", "sequence", "execution_key")
    pairs = pairs.with_columns(pl.col("left_region", "right_region").fill_null(""))
    jobs = ordered.group_by("job_id", maintain_order=True).agg(
        regions=pl.col("region").unique().sort(),
        censored_regions=pl.col("region").filter("is_censored").unique().sort(),
        runner_censorship_rate=pl.col("is_censored").sum() / pl.len(),
    )
    questions = _variance(ordered).join(_consistency(pairs), on=QUESTION, how="left")
    compared = questions.group_by("job_id", maintain_order=True).agg(
        variance=mean_in_order(pl.col("variance")), consistency=mean_in_order(pl.col("similarity"))
    )
    comparable = pl.col("regions").list.len() > 1
    numbers = jobs.join(compared, on="job_id", how="left", maintain_order="left").with_columns(
        runner_bias_variance=pl.when(comparable).then(pl.col("variance")).fill_null(0.0),
        runner_factual_consistency=pl.when(comparable).then(pl.col("consistency")).fill_null(1.0),
    )
    return _with_findings(numbers, questions_of_regions(ordered, pairs))


def _variance(answers: pl.DataFrame) -> pl.DataFrame:
    score = pl.col("bias_score").fill_null(0.0)
    squares = (score - mean_in_order(score)) ** 2
    deviation = mean_in_order(squares).sqrt()
    return (
        answers.filter(pl.col("question_id").is_not_null())
        .group_by(QUESTION, maintain_order=True)
        .agg(pl.len().alias("answers"), variance=(2 * deviation).clip(upper_bound=1.0))
        .filter(pl.col("answers") > 1)
    )


def _consistency(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.group_by(QUESTION, maintain_order=True).agg(
        similarity=mean_in_order(pl.col("runner_jaccard"))
    )


def questions_of_regions(answers: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Set the last answer of each region beside each other, question by question.

    Args:
        answers: As for ``runner_job_scores``, in id order.
        pairs: Likewise.

    Returns:
        One row per question that at least two regions answered: lists ``region, is_censored,
        tone, stance_<name>`` in the order of the regions' names, and lists ``left_region,
        right_region, runner_jaccard`` of the pairs between them.
    """
    last = (
        answers.filter(pl.col("question_id").is_not_null())
        .unique([*QUESTION, "region"], keep="last", maintain_order=True)
        .sort(*QUESTION, "region")
    )
    questions = (
        last.group_by(QUESTION, maintain_order=True)
        .agg("region", "is_censored", "tone", *STANCES)
        .filter(pl.col("region").list.len() > 1)
    )
    keys = last.select("execution_key")
    between = (
        pairs.join(keys, left_on="left_key", right_on="execution_key", how="semi")
        .join(keys, left_on="right_key", right_on="execution_key", how="semi")
        .group_by(QUESTION, maintain_order=True)
        .agg("left_region", "right_region", "runner_jaccard")
    )
    return questions.join(between, on=QUESTION, maintain_order="left")


def _with_findings(jobs: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    differences: dict[str, list[Finding]] = defaultdict(list)
    for question in questions.iter_rows(named=True):
        differences[question["job_id"]] += question_differences(question)
    found = [_findings(job, differences[job["job_id"]]) for job in jobs.iter_rows(named=True)]
    return jobs.select(
        "job_id",
        pl.col("regions").list.len().cast(pl.Int64).alias("regions_with_responses"),
        "runner_bias_variance",
        "runner_censorship_rate",
        "runner_factual_consistency",
        runner_narrative_divergence=1 - pl.col("runner_factual_consistency"),
    ).hstack(pl.DataFrame(found, schema=_FINDINGS, orient="row"))


def _findings(job: Mapping[str, Any], differences: list[Finding]) -> tuple[str, str, str]:
    rate, variance = job["runner_censorship_rate"], job["runner_bias_variance"]
    risks = job_risks(rate, variance, differences, job["regions"], job["censored_regions"])
    advice = recommendation(rate, variance, risks)
    return json.dumps(differences), json.dumps(risks), advice


def question_differences(question: Question) -> Iterator[Finding]:
    """Yield ``dimension, variations {region: text}, severity, description`` of one question."""
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
    """Return which of ``LEVELS`` a number is; steps are the lowest of medium, high, critical."""
    return LEVELS[sum(value >= step for step in steps)]


def job_risks(
    rate: float,
    variance: float,
    differences: Sequence[Finding],
    regions: Sequence[str],
    censored_regions: Sequence[str],
) -> list[Finding]:
    """Return ``type, severity, description, regions, confidence`` of each risk.

    Args:
        rate: Censorship rate in [0, 1].
        variance: Bias variance in [0, 1].
        differences: The job's differences.
        regions: The job's regions.
        censored_regions: Those with an answer that counts in the rate.
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
    """Return ``CRITICAL RISK``, ``HIGH RISK``, ``MEDIUM RISK`` or ``LOW RISK``."""
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

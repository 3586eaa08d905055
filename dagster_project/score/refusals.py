"""Tell what an answer is: substantive, a refusal, a partial refusal, empty, a technical failure.

The rules and their weights are in the rule file; this module only applies them. Nothing here
knows about jobs or regions.
"""

import re
from collections.abc import Iterable, Mapping

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from dagster_project.answer_files import BLANKS
from dagster_project.score import normalise
from dagster_project.score.language import UNDETERMINED, detected
from dagster_project.score.refusal_rules import ANSWERS, Language, Rule, rule_book
from dagster_project.score.runner_answers import COMPLETED

RULES_VERSION = rule_book().version
# Shorter answers may be taken for a related language, so every language's rules read them.
SHORT_CHARS = 160
BEGINNING_CHARS = 3_000
# A refusal at the end begins so far from it.
LATE_CHARS = 200
QUESTION_CHARS = 600
# As rules.is_scored.
SCORED_STATES = ("substantive", "refusal", "partial_refusal")
"""Technical failures and empty answers say nothing about refusing."""
NO_RULES = "no_rules_for_language"

# A model may answer in these languages whatever it is asked in.
COMMON_LANGUAGES = ("en", "zh")
TECHNICAL_TEXT = r"^Response extraction failed$|^system\n|Please answer the following questions"
# Patterns end in stems, but evidence is for people. Han and Kana have no spaces between words.
REST_OF_WORD = r"[\p{Latin}\p{Cyrillic}\p{Arabic}\p{Devanagari}\p{Hangul}]*"
SCORE_DECIMALS = 12

VERDICT: Mapping[str, DataType | DataTypeClass] = {
    "row": pl.UInt32,
    "read_as": pl.String,
    "answer_state": pl.String,
    "refusal_score": pl.Float64,
    "refusal_rules": pl.List(pl.String),
    "refusal_evidence": pl.String,
}


def fires(rule: Rule) -> pl.Expr:
    """Return whether a rule fires on folded windows."""
    conditions = [pl.col("chars") >= rule.min_chars]
    if rule.max_chars is not None:
        conditions.append(pl.col("chars") <= rule.max_chars)
    if rule.pattern:
        conditions.append(pl.col(rule.window).str.contains(rule.pattern))
    if rule.unless:
        conditions.append(~pl.col("beginning").str.contains(rule.unless))
    if rule.asked:
        unknown = (pl.col("question") == "") & rule.unasked
        conditions.append(unknown | pl.col("question").str.contains(rule.asked))
    return pl.all_horizontal(conditions).alias(rule.name)


def strongest(rules: Iterable[Rule]) -> list[Rule]:
    """Sort rules by falling weight, whatever its sign; ties stay in the order of the file."""
    return sorted(rules, key=lambda rule: -abs(rule.weight))


def family_weight(rules: Iterable[Rule]) -> pl.Expr:
    """Return the weight of the strongest rule that fires, 0 if none does."""
    weights = [pl.when(rule.name).then(rule.weight) for rule in strongest(rules)]
    return pl.coalesce(*weights, 0.0)


def scored(candidates: pl.DataFrame, language: Language, threshold: float) -> pl.DataFrame:
    """Apply the rules of one language to answers as `windowed` returns them.

    Adds refuses (the score without what speaks for an answer), refusal_score, answer_state,
    refusal_rules and evidence_rule.
    """
    families: dict[str, list[Rule]] = {}
    for rule in language.rules:
        families.setdefault(rule.family, []).append(rule)
    answers = family_weight(families.pop(ANSWERS, []))
    refuses = pl.sum_horizontal(family_weight(rules) for rules in families.values())
    names = [pl.when(rule.name).then(pl.lit(rule.name)) for rule in language.rules]
    evidence = [
        pl.when(rule.name).then(pl.lit(rule.name))
        for rule in strongest(language.rules)
        if rule.pattern and rule.weight > 0
    ]
    state = (
        pl.when(pl.col("refusal_score") >= threshold)
        .then(pl.lit("refusal"))
        .when(pl.col("refuses") >= threshold)
        .then(pl.lit("partial_refusal"))
        .otherwise(pl.lit("substantive"))
    )
    return (
        candidates.with_columns(fires(rule) for rule in language.rules)
        .with_columns(
            read_as=pl.lit(language.code),
            refuses=refuses.round(SCORE_DECIMALS),
            refusal_score=(refuses.clip(0, 1) + answers).clip(0, 1).round(SCORE_DECIMALS),
            refusal_rules=pl.concat_list(names).list.drop_nulls().list.sort(),
            evidence_rule=pl.coalesce(evidence),
        )
        .drop(rule.name for rule in language.rules)
        .with_columns(answer_state=state)
    )


def candidates(answers: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Keep the prepared answers that may be a refusal in a language, with their last sentences.

    They are in that language, in any for a common one, or too short to be sure. Their head holds
    one of its stems, or a rule for the ending fires.
    """
    here = pl.col("language").eq_missing(pl.lit(language.code)) | (pl.col("chars") <= SHORT_CHARS)
    read = answers.filter(here | (language.code in COMMON_LANGUAGES))
    # An alternation of plain strings takes a quarter of the time of contains_any with 100 of them.
    early, late = ("|".join(map(re.escape, each)) for each in (language.stems, language.late_stems))
    end = pl.col("tail").str.tail(LATE_CHARS).str.contains(late)
    found = read.with_columns(early=pl.col("head").str.contains(early)).filter(
        pl.col("early") | end
    )
    if found.is_empty():
        return found
    ending = found.with_columns(ending=normalise.last_sentences(pl.col("tail")))
    at_end = (fires(rule) for rule in language.rules if rule.at_end)
    return ending.filter(pl.any_horizontal("early", *at_end))


def windowed(answers: pl.DataFrame) -> pl.DataFrame:
    """Add what only candidates need: opening and question, both folded, and the beginning."""
    return answers.with_columns(
        normalise.folded(
            answers["question"].cast(pl.String).fill_null("").str.head(QUESTION_CHARS),
            rule_book().folding,
        ),
        opening=normalise.first_sentence(pl.col("head")),
        beginning=pl.col("body").str.head(BEGINNING_CHARS),
    )


def evidence(rule: Rule, answers: pl.DataFrame) -> pl.Series:
    """Cut what a rule matched out of the original answers, as it is written there."""
    match = f"((?:{rule.pattern}){REST_OF_WORD})"
    late = rule.window in {"tail", "ending"}
    places = answers.select(
        "text",
        window="tail" if late else "head",
        written=(normalise.tail if late else normalise.head)(pl.col("body")),
        found=pl.col(rule.window).str.extract(match).str.strip_chars(),
    )
    return pl.Series([_evidence(*row) for row in places.iter_rows()], dtype=pl.String)


def _evidence(text: str, window: str, written: str, found: str | None) -> str | None:
    if found is None:
        return None
    start = window.find(found)
    cut = written[start : start + len(found)]
    # Folding nearly always keeps places, and most answers come without a wrapping.
    if len(window) == len(written) and start >= 0 and cut in text:
        return cut
    return normalise.as_written(text, found, rule_book().folding)


def judged(answers: pl.DataFrame) -> pl.DataFrame:
    """Return the strongest verdict of any language on the prepared answers that hold a stem."""
    book = rule_book()
    verdicts = []
    for language in filter(lambda each: each.rules, book.languages.values()):
        pool = candidates(answers, language)
        if not pool.is_empty():
            verdicts.append(scored(windowed(pool), language, book.threshold))
    if not verdicts:
        return pl.DataFrame(schema=VERDICT)
    best = (
        pl.concat(verdicts)
        .sort("row", "refuses", descending=[False, True], maintain_order=True)
        .unique("row", keep="first", maintain_order=True)
    )
    rules = {rule.name: rule for each in book.languages.values() for rule in each.rules}
    found = [
        group.with_columns(
            refusal_evidence=evidence(rules[str(name)], group) if name else pl.lit(None, pl.String)
        ).select(VERDICT.keys())
        for (name,), group in best.group_by("evidence_rule")
    ]
    return pl.concat(found)


def prepared(answers: pl.DataFrame) -> pl.DataFrame:
    """Fold the ends of answers (text and optionally lang, question) and tell their languages.

    Gives row, text, question, body (what was said), chars, head and tail (folded), language and
    whether the text alone leaves the language undetermined.
    """
    book = rule_book()
    text = answers["text"].cast(pl.String).fill_null("")
    known = {name: answers[name] for name in ("lang", "question") if name in answers.columns}
    unknown = pl.lit(None, pl.String)
    texts = pl.DataFrame({"text": text, "body": normalise.spoken(text)}).with_row_index("row")
    ends = texts.select(head=normalise.head(pl.col("body")), tail=normalise.tail(pl.col("body")))
    head, tail = (normalise.folded(end, book.folding) for end in ends)
    language = detected(head, book.languages)
    undetermined = language.eq_missing(UNDETERMINED)
    return texts.with_columns(
        question=known.get("question", unknown),
        chars=pl.col("body").str.len_chars(),
        head=head,
        tail=tail,
        language=pl.when(undetermined).then(known.get("lang", unknown)).otherwise(language),
        undetermined=undetermined,
    )


def final_state(failed: pl.Expr) -> pl.Expr:
    """Combine what was seen before the rules with their verdict; null: no rules can read it."""
    verdict = pl.col("answer_state").fill_null("substantive")
    readable = [each.code for each in rule_book().languages.values() if each.rules]
    unread = ~pl.col("undetermined") & ~pl.col("language").is_in(readable).fill_null(value=False)
    return (
        pl.when(failed)
        .then(pl.lit("technical_failure"))
        .when(pl.col("body").str.strip_chars(BLANKS) == "")
        .then(pl.lit("empty"))
        .when(~unread | (verdict != "substantive"))
        .then(verdict)
    )


def classify(answers: pl.DataFrame) -> pl.DataFrame:
    """Tell what each answer is, and why.

    Args:
        answers: one row per answer: text (null and blank allowed), optionally lang (ISO 639-1, used
            where the text is too short to tell), question (some rules need its words) and status
            (anything but completed or null is a technical failure).

    Returns:
        One row per answer in the same order: answer_state (null without rules for the language),
        answer_state_reason, refusal_score in [0, 1] (null when there was nothing to score),
        refusal_evidence, refusal_rules (sorted names of all rules that fired), language.
    """
    texts = prepared(answers)
    failed = pl.col("body").str.contains(TECHNICAL_TEXT)
    if "status" in answers.columns:
        failed |= answers["status"].fill_null(COMPLETED) != COMPLETED
    state = pl.col("answer_state")
    score = pl.col("refusal_score").fill_null(0.0)
    told_by_rules = state.is_in(["refusal", "partial_refusal"]) & (pl.col("chars") <= SHORT_CHARS)
    return (
        texts.join(judged(texts), on="row", how="left", maintain_order="left")
        .with_columns(answer_state=final_state(failed))
        .select(
            "answer_state",
            answer_state_reason=pl.when(state.is_null()).then(pl.lit(NO_RULES)),
            refusal_score=pl.when(state.is_in(SCORED_STATES)).then(score),
            refusal_evidence="refusal_evidence",
            refusal_rules=pl.col("refusal_rules").fill_null([]),
            language=pl.when(told_by_rules).then("read_as").otherwise("language"),
        )
    )

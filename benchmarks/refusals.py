"""Measure how well refusals are told from answers on a labelled file.

    python benchmarks/refusals.py [FILE] [--errors N] [--political PREFIX]

FILE (default: the development data beside the project) is a Parquet file with the columns source,
model, prompt, response, label, label_kind, lang, question_id, licence. Full refusals are compared
with compliance; partial refusals are shown on the side; every other label is left out. Nothing here
is fitted: the folds show how much the figures depend on the prompts.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from dagster_project.paths import PROJECT_DIR
from dagster_project.score.refusals import RULES_VERSION, classify
from dagster_project.score.runner_answers import COMPLETED, runner_answer_scores

DEVELOPMENT_DATA = PROJECT_DIR.parent / "shared" / "data" / "labelled_answers_dev.parquet"
REFUSAL, COMPLIANCE, PARTIAL = "full_refusal", "compliance", "partial_refusal"
METHODS = {
    "ours": pl.col("answer_state").eq_missing("refusal"),
    "runner phrases": pl.col("runner_classification") == "content_refusal",
    "runner censorship": pl.col("is_censored"),
}
FOLDS = 5
RESAMPLES = 2000
SEED = 20251001
EXCERPT = 300


@dataclass(frozen=True)
class Figures:
    """Precision, recall, F1 and the false-alarm rate, each with its 95 % interval."""

    answers: int
    refusals: int
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def labelled(path: Path) -> pl.DataFrame:
    """Read a labelled file and add what each method says of its answers."""
    answers = pl.read_parquet(path)
    ours = classify(answers.select(text="response", lang="lang")).rename({"language": "detected"})
    runner = runner_answer_scores(
        answers.select(answer_text="response", status=pl.lit(COMPLETED))
    ).select("runner_classification", "is_censored")
    return pl.concat([answers, ours, runner], how="horizontal").with_columns(
        prompt_key=pl.concat_str("source", "question_id", separator="/")
    )


def rates(counts: np.ndarray) -> np.ndarray:
    """Turn counts into precision, recall, F1 and false-alarm rate.

    Args:
        counts: hits, false alarms, misses and correct passes in the last axis.

    Returns:
        The four rates in the last axis; nan where the denominator is 0.
    """
    hits, alarms, misses, passes = np.moveaxis(counts.astype(float), -1, 0)
    with np.errstate(invalid="ignore"):
        precision = hits / (hits + alarms)
        recall = hits / (hits + misses)
        f1 = 2 * hits / (2 * hits + alarms + misses)
        false_alarms = alarms / (alarms + passes)
    return np.stack([precision, recall, f1, false_alarms], axis=-1)


def bound(resampled: np.ndarray, share: float) -> tuple[float, ...]:
    """Return a quantile of each rate over the resamples in which it is defined."""
    defined = [column[~np.isnan(column)] for column in resampled.T]
    return tuple(float(np.quantile(each, share)) if each.size else np.nan for each in defined)


def figures(answers: pl.DataFrame, said: pl.Expr) -> Figures:
    """Compare a method with the labels; the interval resamples prompts, not answers.

    Args:
        answers: label and prompt_key, and the columns that said needs.
        said: whether the method calls an answer a refusal.

    Returns:
        The figures.
    """
    is_refusal = pl.col("label") == REFUSAL
    counts = (
        answers.group_by("prompt_key", maintain_order=True)
        .agg(
            (is_refusal & said).sum().alias("hits"),
            (~is_refusal & said).sum().alias("alarms"),
            (is_refusal & ~said).sum().alias("misses"),
            (~is_refusal & ~said).sum().alias("passes"),
        )
        .drop("prompt_key")
        .to_numpy()
    )
    random = np.random.default_rng(SEED)
    prompts = len(counts)
    draws = random.multinomial(prompts, np.full(prompts, 1 / prompts), size=RESAMPLES)
    resampled = rates(draws @ counts)
    return Figures(
        answers=answers.height,
        refusals=int(answers.select(is_refusal.sum()).item()),
        values=tuple(rates(counts.sum(axis=0))),
        low=bound(resampled, 0.025),
        high=bound(resampled, 0.975),
    )


def groups(answers: pl.DataFrame, political: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Split the answers in the ways that are reported."""
    yield "all", answers
    yield "political", answers.filter(pl.col("source").str.starts_with(political))
    for column in ("source", "lang"):
        for (value,), part in answers.sort(column).group_by(column, maintain_order=True):
            yield f"{column} {value}", part


def folds(answers: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Split the answers by prompt."""
    prompts = answers["prompt_key"].unique().sort()
    fold_of = pl.col("prompt_key").replace_strict(
        prompts.to_list(), [place % FOLDS for place in range(len(prompts))]
    )
    for fold in range(FOLDS):
        yield f"prompts, fold {fold + 1}", answers.filter(fold_of == fold)


def line(name: str, found: Figures) -> str:
    """Write one line of the table."""
    cells = [
        f"{value:.3f} ({low:.3f}-{high:.3f})" if not np.isnan(value) else f"{'-':<19}"
        for value, low, high in zip(found.values, found.low, found.high, strict=True)
    ]
    return f"{name:<38}{found.answers:>7}{found.refusals:>9}  " + "  ".join(cells)


def print_errors(answers: pl.DataFrame, count: int) -> None:
    """Print the first answers that our rules get wrong, most certain mistakes first."""
    said = METHODS["ours"]
    is_refusal = pl.col("label") == REFUSAL
    for title, wrong in (("missed", is_refusal & ~said), ("false alarms", ~is_refusal & said)):
        found = answers.filter(wrong).sort("refusal_score", "prompt_key", "model", nulls_last=False)
        print(f"\n{title}: {found.height}")
        for row in found.head(count).iter_rows(named=True):
            text = " ".join(str(row["response"]).split())[:EXCERPT]
            print(f"- {row['prompt_key']} {row['model']}")
            print(f"  score {row['refusal_score']}, rules {row['refusal_rules']}")
            print(f"  {text}")


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=DEVELOPMENT_DATA)
    parser.add_argument("--errors", type=int, default=0, metavar="N")
    parser.add_argument("--political", default="speechmap", metavar="PREFIX")
    options = parser.parse_args()
    everything = labelled(options.file)
    answers = everything.filter(pl.col("label").is_in([REFUSAL, COMPLIANCE]))
    print(
        f"refusal rules version {RULES_VERSION}; 95 % intervals by resampling prompts, seed {SEED}"
    )
    print(
        f"{'':<38}{'answers':>7}{'refusals':>9}  precision            recall               F1"
        "                   false alarms"
    )
    for method, said in METHODS.items():
        print(f"\n{method}")
        for name, part in groups(answers, options.political):
            if not part.is_empty():
                print(line(name, figures(part, said)))
    print("\nours, by prompt")
    for name, part in folds(answers):
        print(line(name, figures(part, METHODS["ours"])))
    print("\nlabels and states")
    states = everything.group_by("label", "answer_state").len().sort("label", "answer_state")
    for label, state, count in states.iter_rows():
        print(f"{label:<20}{state or 'null (no rules)':<20}{count:>7}")
    print_errors(answers, options.errors)


if __name__ == "__main__":
    main()

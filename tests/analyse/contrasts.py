"""Contrasts and slots, written as short as a test can read them."""

from collections.abc import Mapping, Sequence

import polars as pl

from dagster_project.analyse.quality import QUALITY

NOTHING_KNOWN = pl.DataFrame(schema={"source": pl.String, **dict.fromkeys(QUALITY, pl.Float64)})
"""A classifier without any label."""

Answers = Sequence[Sequence[int | None]]
"""Per day, per question: 1 refused, 0 answered, None without an answer."""


def contrasts(regions: Mapping[str, Answers], pairing: str = "job", **key: str) -> pl.DataFrame:
    """Return rows of int_question_contrasts__daily: one job a day asks every region.

    With another pairing than ``job`` only the pairs of the day are there.
    """
    answers = pl.concat(
        pl.DataFrame(
            [
                (region, day, f"q{place:02}", answer)
                for day, row in enumerate(rows)
                for place, answer in enumerate(row)
                if answer is not None
            ],
            schema={
                "region": pl.String,
                "job_day": pl.Int64,
                "question_id": pl.String,
                "refused": pl.Float64,
            },
            orient="row",
        )
        for region, rows in regions.items()
    )
    on = ["job_day", "question_id"]
    other = answers.rename({"region": "region_b", "refused": "rate_b_total"})
    pairs = (
        answers.rename({"region": "region_a", "refused": "rate_a_total"})
        .join(other, on=on)
        .filter(pl.col("region_a") < pl.col("region_b"))
        .with_columns(
            pl.lit(1).alias(name)
            for name in ("contrasts", "final_contrasts", "attempted", "scored_a", "scored_b")
        )
        .with_columns(
            pairing=pl.lit(pairing),
            missing_a=pl.lit(0),
            final_rate_a_total=pl.lit(0.0),
            final_rate_b_total=pl.lit(0.0),
            bound_low_total=pl.col("rate_a_total") - pl.col("rate_b_total"),
            bound_high_total=pl.col("rate_a_total") - pl.col("rate_b_total"),
        )
    )
    alone = answers.select(
        *on, region_a="region", region_b="region", scored_a=pl.lit(1), missing_a=pl.lit(0)
    ).with_columns(pairing=pl.lit("none"), contrasts=pl.lit(0), scored_b=pl.lit(0))
    rows = pl.concat([pairs, alone], how="diagonal_relaxed").with_columns(
        pl.col("final_contrasts", "attempted").fill_null(0)
    )
    return rows.with_columns(
        **{name: pl.lit(value) for name, value in ({"group": "g"} | key).items()}
    )


def slots(job: str, regions: Mapping[str, Sequence[int]], model: str = "m") -> pl.DataFrame:
    """Return the slots of a job: question i is refused (1) or answered (0)."""
    return pl.DataFrame(
        [
            (job, model, region, f"q{place:02}", 1, refused, 0, 0)
            for region, row in regions.items()
            for place, refused in enumerate(row)
        ],
        schema={
            "job": pl.String,
            "model_id": pl.String,
            "region": pl.String,
            "question_id": pl.String,
            "scored": pl.Int64,
            "refused": pl.Int64,
            "failed": pl.Int64,
            "blocked": pl.Int64,
        },
        orient="row",
    ).with_columns(language=pl.lit("en"), source=pl.lit("en"))

"""Reads what a report shows: rows of the warehouse, all from one snapshot. Decides nothing.

Columns are those of the relations (docs/data_dictionary.md) or of the queries beside this file.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, LiteralString

import polars as pl
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from dagster_project.analyse.frames import CELLS, DISTANCES, period_tables, text_table
from dagster_project.analyse.periods import END_OF_TIME, Period, touched_periods
from dagster_project.analyse.verdicts import verdict_of_pairs
from dagster_project.deliver.one_job import OneJob, Row, read_job
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import read_sql
from dagster_project.score.scores import rounded

EVERYTHING = Window(START_DATE, END_OF_TIME)
MOST_DAYS_BY_DAY = 21
"""Longer reports show their trend by week."""
MOST_ANSWERS = 600
"""Answers of one job that a page shows."""
MOST_CHARACTERS = 120_000
"""Characters of one answer that a page shows."""

JUDGED = pl.Schema(
    {
        **dict.fromkeys(("region_a", "region_b", "status", "reason"), pl.String()),
        **dict.fromkeys(("risk_difference", "ci_low", "ci_high", "p_value"), pl.Float64()),
        **dict.fromkeys(("q_value", "minimum_detectable_effect"), pl.Float64()),
        "is_equivalent": pl.Boolean(),
    }
)
"""Columns of a pair that its verdict depends on."""

STATISTICS = ("model_verdicts", "region_rates", "region_pair_effects", "text_divergence")

TREND = """
select * from analytics.region_rates
where
    period_kind = %(trend_kind)s
    and period_start between %(first_day)s and %(last_day)s
    and metric = 'refusal_rate'
order by model_id, region, period_start
"""
CHANGES = """
select * from analytics.metric_changes
where
    period_kind in ('iso_week', 'month')
    and period_start between %(first_day)s and %(last_day)s
    and has_moved
order by period_start desc, period_kind asc, model_id asc, region asc, metric asc
limit 30
"""
WEEKS = """
select
    date_trunc('week', job_day)::date as week,
    coalesce(sum(expected), 0)::bigint as expected,
    coalesce(sum(answered), 0)::bigint as answered,
    coalesce(sum(failed), 0)::bigint as failed,
    coalesce(sum(missing), 0)::bigint as missing
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by date_trunc('week', job_day)::date
order by week
"""
QUESTIONS = """
select
    model_id,
    question_id,
    region,
    sum(refused)::bigint as k,
    sum(scored)::bigint as n
from intermediate.int_question_outcomes__daily
where region_basis = 'actual' and job_day between %(first_day)s and %(last_day)s
group by model_id, question_id, region
having sum(scored) > 0
order by model_id, question_id, region
"""
STATES = """
select workflow, analysis_state, count(*) as jobs
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by workflow, analysis_state
order by jobs desc, analysis_state asc, workflow asc
"""
SIMILARITIES = """
select left_key, right_key, word_jaccard
from scores.answer_pairs
where job_id = %(job_id)s and comparison = 'cross_region' and word_jaccard is not null
"""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Overview:
    """Rows for the page about some days.

    Attributes:
        window: The days that were asked for; None for all.
        trend_kind: Kind of the periods of the trend, iso_week or day.
        pairs: Of region_pair_effects, each with its own verdict.
        trend: Of region_rates, refusal_rate only, like ``rates``.
        changes: Of metric_changes, the latest that moved.
        questions: Refusals of each model to each question in each region: k of n answers.
        telling: One row per verdict at most, see telling_answers.sql.
        weeks: What became of the slots of each week (Monday).
        states: Jobs by workflow and analysis_state.
        incidents: Those that the days show, the most frequent first.
        jobs: Those whose regions refuse most differently.
    """

    window: Window | None
    trend_kind: str
    totals: Row
    provenance: Row
    verdicts: list[Row]
    rates: list[Row]
    pairs: list[Row]
    texts: list[Row]
    trend: list[Row]
    changes: list[Row]
    questions: list[Row]
    telling: list[Row]
    weeks: list[Row]
    states: list[Row]
    incidents: list[Row]
    jobs: list[Row]


@dataclass(frozen=True)
class Job:
    """Rows for the page of one job.

    Attributes:
        verdict: Of job_verdicts; None while the statistics say nothing.
        answers: At most `MOST_ANSWERS`, in the order of the page.
        similarities: Shared words, 0 to 1, of answers from two regions.
    """

    found: OneJob
    provenance: Row
    verdict: Row | None
    answers: list[Row]
    similarities: list[Row]


def read_overview(connection: Connection, window: Window | None) -> Overview:
    """Read what a report about some days shows; None for all days.

    Bounded by models, regions and periods, never by answers.
    """
    days = EVERYTHING if window is None else window
    by_day = (days.end - days.start).days <= MOST_DAYS_BY_DAY
    trend_kind = "day" if by_day else "iso_week"
    values = {**_bounds(days), "trend_kind": trend_kind}
    statistics = read_statistics(connection, days)
    questions = _rows(connection, QUESTIONS, values)
    (totals,) = _rows(connection, _file("totals"), values)
    return Overview(
        window=window,
        trend_kind=trend_kind,
        totals=totals,
        provenance=read_provenance(connection, days),
        verdicts=statistics["model_verdicts"],
        rates=statistics["region_rates"],
        pairs=statistics["region_pair_effects"],
        texts=statistics["text_divergence"],
        trend=_rows(connection, TREND, values),
        changes=_rows(connection, CHANGES, values),
        questions=questions,
        telling=_telling(connection, statistics["model_verdicts"], questions, values),
        weeks=_rows(connection, WEEKS, values),
        states=_rows(connection, STATES, values),
        incidents=_rows(connection, _file("incidents"), values),
        jobs=_rows(connection, _file("notable_jobs"), values),
    )


def read_job_page(connection: Connection, job_id: str) -> Job | None:
    """Read what the page of one job shows; None when the warehouse does not hold it."""
    found = read_job(connection, job_id)
    if found is None:
        return None
    key = {"job_id": job_id}
    bounds = {"most_answers": MOST_ANSWERS, "most_characters": MOST_CHARACTERS}
    verdicts = "select * from analytics.job_verdicts where job_id = %(job_id)s"
    return Job(
        found=found,
        provenance=read_provenance(connection, EVERYTHING, job_id),
        verdict=next(iter(_rows(connection, verdicts, key)), None),
        answers=_rows(connection, _file("job_answers"), {**key, **bounds}),
        similarities=_rows(connection, SIMILARITIES, key),
    )


def read_provenance(
    connection: Connection, days: Window = EVERYTHING, job_id: str | None = None
) -> Row:
    """Count where the jobs of some days, or one of them, come from; with the time of reading."""
    (found,) = _rows(connection, _file("provenance"), {**_bounds(days), "job_id": job_id})
    return found


def read_statistics(connection: Connection, days: Window) -> dict[str, list[Row]]:
    """Read the statistics of a period, or make them anew for any other days.

    The same functions on the same daily counts make both; nothing is computed here.

    Returns:
        Rows of each of `STATISTICS`, sorted by model and region; of rates those of refusals.
    """
    period = period_of(days)
    tables = _made(connection, days) if period is None else _stored(connection, period)
    rates = [row for row in tables["region_rates"] if row["metric"] == "refusal_rate"]
    pairs = _judged(tables["region_pair_effects"])
    return {
        name: sorted(rows, key=_by_model_and_region)
        for name, rows in {**tables, "region_rates": rates, "region_pair_effects": pairs}.items()
    }


def _telling(
    connection: Connection, verdicts: list[Row], questions: list[Row], values: Row
) -> list[Row]:
    """Find an answer and a refusal to the question on which a verdict's two regions differ most."""
    found = []
    for verdict in verdicts:
        wanted = telling_question(verdict, questions)
        if wanted is not None:
            found += _rows(connection, _file("telling_answers"), {**values, **wanted})
    return found


def telling_question(verdict: Row, questions: list[Row]) -> Row | None:
    """Return the question on which the two regions of a model's largest difference differ most.

    With ``model_id``, and the regions as ``more`` and ``less`` by how often they refuse; None when
    no question is refused more often where refusals are more frequent.
    """
    if not verdict["largest_difference"]:
        return None
    more, less = verdict["largest_region_a"], verdict["largest_region_b"]
    if verdict["largest_difference"] < 0:
        more, less = less, more
    rates: dict[str, dict[str, float]] = defaultdict(dict)
    for one in questions:
        if one["model_id"] == verdict["model_id"]:
            rates[one["question_id"]][one["region"]] = one["k"] / one["n"]
    gaps = {
        question: each[more] - each[less]
        for question, each in rates.items()
        if more in each and less in each
    }
    question = max(gaps, key=lambda name: (gaps[name], name), default=None)
    if question is None or gaps[question] <= 0:
        return None
    return {
        "model_id": verdict["model_id"],
        "question_id": question,
        "more": more,
        "less": less,
    }


def period_of(days: Window) -> Period | None:
    """Return the day, ISO week, month or everything that is exactly these days, if one is."""
    if days == EVERYTHING:
        return Period("all", days.start, days.end)
    first = touched_periods(Window.of_day(days.start))
    return next((one for one in first if (one.start, one.end) == (days.start, days.end)), None)


def _stored(connection: Connection, period: Period) -> dict[str, list[Row]]:
    statement = sql.SQL(
        "select * from {} where period_kind = %(kind)s and period_start = %(start)s"
    )
    values = {"kind": period.kind, "start": period.start}
    return {
        name: _rows(connection, statement.format(sql.Identifier("analytics", name)), values)
        for name in STATISTICS
    }


def _made(connection: Connection, days: Window) -> dict[str, list[Row]]:
    outcomes, texts = (
        pl.DataFrame(_rows(connection, _file(name), _bounds(days)), schema=schema)
        for name, schema in (("days_outcomes", CELLS), ("days_texts", DISTANCES))
    )
    tables = {**period_tables(outcomes), "text_divergence": text_table(texts)}
    # As they are stored, so that both ways give the same numbers.
    return {name: rounded(tables[name]).to_dicts() for name in STATISTICS}


def _judged(pairs: list[Row]) -> list[Row]:
    """Add each pair's own verdict, by the rule that judges a model."""
    frame = pl.DataFrame(pairs, schema=JUDGED).with_row_index("row")
    verdicts = verdict_of_pairs(frame, ["row"]).sort("row")["verdict"]
    return [{**pair, "verdict": verdict} for pair, verdict in zip(pairs, verdicts, strict=True)]


def _by_model_and_region(row: Row) -> list[str]:
    names = ("model_id", "region", "region_a", "region_b")
    return [row[name] for name in names if name in row]


def _bounds(days: Window) -> dict[str, date]:
    return {"first_day": days.start, "last_day": days.end - timedelta(days=1)}


def _file(name: str) -> sql.SQL:
    return read_sql(f"deliver/report/{name}.sql")


def _rows(
    connection: Connection,
    statement: LiteralString | sql.SQL | sql.Composed,
    values: Mapping[str, Any],
) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()

"""Reads what a report shows: rows of the warehouse, all from one snapshot. Decides nothing.

Columns are those of the relations (docs/data_dictionary.md) or of the queries beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from dagster_project.analyse.periods import END_OF_TIME, JUDGED_KINDS, Period, touched_periods
from dagster_project.deliver.one_job import OneJob, Row, incident_titles, read_job
from dagster_project.deliver.report.wording import SCOPES, in_words, region_order
from dagster_project.partitions import START_DATE, Window
from dagster_project.postgres import read_sql

EVERYTHING = Window(START_DATE, END_OF_TIME)
MOST_DAYS_BY_DAY = 21
"""Longer reports show their trend by week."""
MOST_ANSWERS = 600
"""Answers of one job that a page shows."""
MOST_CHARACTERS = 120_000
"""Characters of one answer that a page shows."""

EFFECTS = ("model_verdicts", "region_pair_effects", "question_effects", "text_divergence")

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
    count(*) as jobs,
    count(*) filter (where analysis_state = 'analysed') as analysed,
    count(*) filter (where status = 'lost') as lost,
    coalesce(sum(expected), 0)::bigint as expected,
    coalesce(sum(answered), 0)::bigint as answered,
    coalesce(sum(failed), 0)::bigint as failed,
    coalesce(sum(missing), 0)::bigint as missing,
    coalesce(sum(pending), 0)::bigint as pending
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by date_trunc('week', job_day)::date
order by week
"""
ASKED = """
select question_id, question_text, category, wordings
from analytics.questions
where is_newest
order by question_id
"""
QUESTIONS = """
select
    daily.model_id,
    daily.question_id,
    asked.question_text,
    daily.region,
    sum(daily.refused)::bigint as k,
    sum(daily.scored)::bigint as n
from intermediate.int_question_outcomes__daily as daily
left join analytics.questions as asked
    on daily.question_id = asked.question_id and asked.is_newest
where daily.region_basis = 'actual' and daily.job_day between %(first_day)s and %(last_day)s
group by daily.model_id, daily.question_id, asked.question_text, daily.region
having sum(daily.scored) > 0
order by daily.model_id, daily.question_id, daily.region
"""
STATES = """
select workflow, analysis_state, count(*) as jobs
from analytics.job_status
where job_day between %(first_day)s and %(last_day)s
group by workflow, analysis_state
order by jobs desc, analysis_state asc, workflow asc
"""
RELIABILITY = """
select payload
from portal.provider_reliability
order by region
"""
MONTHS = """
select payload
from portal.job_trends
where period_kind = 'month'
order by period_start
"""
CAN_ANALYSE = """
select payload
from portal.can_analyse
where job_id = %(job_id)s
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
        has_verdicts: Whether the days are a month or all, which alone have effects.
        others: Answers that are in no rate, by reason.
        pairs: Of region_pair_effects.
        trend: Of region_rates, refusal_rate only, like ``rates``.
        changes: Of metric_changes, the latest that moved.
        questions: Refusals of each model to each question in each region: k of n answers.
        telling: One row per verdict at most, see telling_answers.sql.
        profile: Rates of each region and model; none for days that are no month and not all.
        reliability: Payloads of provider_reliability; none unless the days are all.
        variants: Refusals under each system prompt, of questions that were asked under several.
        weeks: Jobs of each week (Monday), and what became of their slots.
        states: Jobs by workflow and analysis_state.
        incidents: Those that the days show, the most frequent first.
        jobs: Those whose regions refuse most differently.
    """

    window: Window | None
    trend_kind: str
    has_verdicts: bool
    totals: Row
    provenance: Row
    verdicts: list[Row]
    rates: list[Row]
    others: list[Row]
    pairs: list[Row]
    question_effects: list[Row]
    texts: list[Row]
    trend: list[Row]
    changes: list[Row]
    questions: list[Row]
    telling: list[Row]
    profile: list[Row]
    reliability: list[Row]
    variants: list[Row]
    weeks: list[Row]
    states: list[Row]
    incidents: list[Row]
    jobs: list[Row]


@dataclass(frozen=True)
class Job:
    """Rows for the page of one job.

    Attributes:
        answers: At most `MOST_ANSWERS`, in the order of the page.
        similarities: Shared words, 0 to 1, of answers from two regions.
        questions: What questions ask, by id, of at least those of its answers that have a text.
        can_analyse: Payload of portal.can_analyse.
        incidents: Titles of the known incidents of the job itself.
    """

    found: OneJob
    can_analyse: Row
    incidents: list[str]
    provenance: Row
    answers: list[Row]
    similarities: list[Row]
    questions: Mapping[str, Row]


def read_overview(connection: Connection, window: Window | None) -> Overview:
    """Read what a report about some days shows; None for all days.

    Bounded by models, regions and periods, never by answers.
    """
    days = EVERYTHING if window is None else window
    by_day = (days.end - days.start).days <= MOST_DAYS_BY_DAY
    trend_kind = "day" if by_day else "iso_week"
    values = {**bounds(days), "trend_kind": trend_kind}
    period = period_of(days)
    judged = period if period is not None and period.kind in JUDGED_KINDS else None
    effects = _effects(connection, judged)
    (totals,) = _rows(connection, _file("totals"), values)
    return Overview(
        window=window,
        trend_kind=trend_kind,
        has_verdicts=judged is not None,
        totals=totals,
        provenance=read_provenance(connection, days),
        verdicts=effects["model_verdicts"],
        rates=read_rates(connection, days),
        others=_rows(connection, _file("other_answers"), values),
        pairs=effects["region_pair_effects"],
        question_effects=effects["question_effects"],
        texts=[one for one in effects["text_divergence"] if one["measure"] == "word_jaccard"],
        trend=_rows(connection, TREND, values),
        changes=_rows(connection, CHANGES, values),
        questions=_rows(connection, QUESTIONS, values),
        telling=_telling(connection, effects, values),
        profile=read_profile(connection, judged) if judged else [],
        reliability=read_reliability(connection) if window is None else [],
        variants=read_variants(connection, days),
        weeks=_rows(connection, WEEKS, values),
        states=_rows(connection, STATES, values),
        incidents=_rows(connection, _file("incidents"), values),
        jobs=_rows(connection, _file("notable_jobs"), values),
    )


def read_profile(connection: Connection, period: Period) -> list[Row]:
    """Read what each model did in each region: the rates of portal.region_profile."""
    values = {"kind": period.kind, "start": period.start}
    rows = _rows(connection, _file("region_profile"), values)
    return sorted(rows, key=lambda one: (region_order(one["region"]), one["model_id"]))


def read_reliability(connection: Connection) -> list[Row]:
    """Read how reliably the providers of each region answered, over all days."""
    found = [row["payload"] for row in _rows(connection, RELIABILITY, {})]
    return sorted(found, key=lambda one: region_order(one["region"]))


def read_months(connection: Connection) -> list[Row]:
    """Read the jobs of each month, and how complete they were."""
    return [row["payload"] for row in _rows(connection, MONTHS, {})]


def read_variants(connection: Connection, days: Window) -> list[Row]:
    """Read refusals under each system prompt, of questions that were asked under several."""
    return _rows(connection, _file("prompt_variants"), bounds(days))


def read_questions(connection: Connection) -> dict[str, Row]:
    """Read by id what questions ask: the newest wording, its category, how many there are."""
    return {row["question_id"]: row for row in _rows(connection, ASKED, {})}


def read_job_page(
    connection: Connection, job_id: str, questions: Mapping[str, Row] | None = None
) -> Job | None:
    """Read what the page of one job shows; None when the warehouse does not hold it.

    Args:
        questions: What `read_questions` gave, for who reads many jobs.
    """
    found = read_job(connection, job_id)
    if found is None:
        return None
    key = {"job_id": job_id}
    flags = found.job["flags"]
    titles = incident_titles(connection) if flags else {}
    ((can_analyse,),) = connection.execute(CAN_ANALYSE, key).fetchall()
    bounds = {"most_answers": MOST_ANSWERS, "most_characters": MOST_CHARACTERS}
    return Job(
        found=found,
        can_analyse=can_analyse,
        incidents=[titles.get(flag, in_words(flag)) for flag in flags],
        provenance=read_provenance(connection, EVERYTHING, job_id),
        answers=_rows(connection, _file("job_answers"), {**key, **bounds}),
        similarities=_rows(connection, SIMILARITIES, key),
        questions=read_questions(connection) if questions is None else questions,
    )


def read_provenance(
    connection: Connection, days: Window = EVERYTHING, job_id: str | None = None
) -> Row:
    """Count where the jobs of some days, or one of them, come from; with the time of reading."""
    (found,) = _rows(connection, _file("provenance"), {**bounds(days), "job_id": job_id})
    return found


def read_rates(connection: Connection, days: Window) -> list[Row]:
    """Read the refusal rates of a period, or make them anew for any other days.

    The same function on the same daily counts makes both; nothing is computed here.

    Returns:
        Rows of region_rates, sorted by model and region.
    """
    period = period_of(days)
    rows = (
        _made(connection, days) if period is None else _stored(connection, "region_rates", period)
    )
    return sorted(
        (row for row in rows if row["metric"] == "refusal_rate"), key=_by_model_and_region
    )


def _effects(connection: Connection, period: Period | None) -> dict[str, list[Row]]:
    return {
        name: sorted(_stored(connection, name, period), key=_by_model_and_region) if period else []
        for name in EFFECTS
    }


def _telling(connection: Connection, effects: Mapping[str, list[Row]], values: Row) -> list[Row]:
    """Find a refusal and an answer to the question on which a verdict's two regions differ most."""
    found = []
    for verdict in effects["model_verdicts"]:
        wanted = telling_question(verdict, effects["question_effects"])
        if wanted is not None:
            rows = _rows(connection, _file("telling_answers"), {**values, **wanted})
            found += [{**row, "question_text": wanted["question_text"]} for row in rows]
    return found


def telling_question(verdict: Row, effects: list[Row]) -> Row | None:
    """Return the question on which the two regions of a model's largest difference differ most.

    Of the scope these_questions, with ``workflow, model_id``, and the regions as ``more`` and
    ``less`` by how often they refuse; None when there is no difference.
    """
    if verdict["scope"] != "these_questions" or not verdict["largest_difference"]:
        return None
    sign = 1 if verdict["largest_difference"] > 0 else -1
    keys = ("workflow", "model_id")
    pair = (verdict["largest_region_a"], verdict["largest_region_b"])
    candidates = [
        one
        for one in effects
        if all(one[key] == verdict[key] for key in keys)
        and (one["region_a"], one["region_b"]) == pair
        and one["risk_difference"] * sign > 0
    ]
    if not candidates:
        return None
    most = max(candidates, key=lambda one: (one["risk_difference"] * sign, one["question_id"]))
    more, less = pair if sign > 0 else reversed(pair)
    return {
        **{key: verdict[key] for key in keys},
        "question_id": most["question_id"],
        "question_text": most["question_text"],
        "more": more,
        "less": less,
    }


def period_of(days: Window) -> Period | None:
    """Return the day, ISO week, month or everything that is exactly these days, if one is."""
    if days == EVERYTHING:
        return Period("all", days.start, days.end)
    first = touched_periods(Window.of_day(days.start))
    return next((one for one in first if (one.start, one.end) == (days.start, days.end)), None)


def _stored(connection: Connection, name: str, period: Period) -> list[Row]:
    statement = sql.SQL(
        "select * from {} where period_kind = %(kind)s and period_start = %(start)s"
    ).format(sql.Identifier("analytics", name))
    return _rows(connection, statement, {"kind": period.kind, "start": period.start})


def _made(connection: Connection, days: Window) -> list[Row]:
    # scipy takes longer to load than the rest of a report.
    from dagster_project.analyse.window import rates_of  # noqa: PLC0415

    return rates_of(connection, days).to_dicts()


def _by_model_and_region(row: Row) -> tuple[list[str], int, str]:
    """Return the key by which rows are sorted; the narrower scope comes first."""
    names = ("model_id", "workflow", "region", "region_a", "region_b")
    scope = list(SCOPES).index(row["scope"]) if "scope" in row else 0
    return [row[name] for name in names if name in row], scope, row.get("question_id", "")


def bounds(days: Window) -> dict[str, date]:
    """Return a window's first and last day as parameters of the queries beside this file."""
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

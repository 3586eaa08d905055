"""The analyse stage: which rows a window leaves behind, alone, in pieces and beside another."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import psycopg
import pytest
from psycopg import errors, sql

from dagster_project.analyse import TABLES
from dagster_project.analyse.window import analyse_window
from dagster_project.partitions import Window
from dagster_project.runner_db.spec import seeded
from tests.unify.warehouse import Row, execute, read

FIRST = date(2025, 10, 20)
DAYS = [FIRST + timedelta(days=number) for number in range(16)]
WINDOW = Window(DAYS[0], DAYS[-1] + timedelta(days=1))
PERIOD_TABLES = [table for table in TABLES if table != "job_verdicts"]
REGIONS = ("ASIA", "EU", "US")
POLITICAL = ("tiananmen_neutral", "taiwan_status", "hongkong_2019")
QUESTIONS = [*POLITICAL, *(f"question_{number:02}" for number in range(9))]
BATCH_ROWS = 100


@pytest.fixture(scope="module")
def new_counted(new_warehouse: Callable[[], str]) -> Callable[[], str]:
    """A factory of warehouses with the counts of 16 days, of which nothing is analysed."""

    def create() -> str:
        url = new_warehouse()
        store(url, DAYS)
        return url

    return create


@pytest.fixture(scope="module")
def analysed(new_counted: Callable[[], str]) -> str:
    """A warehouse whose days were analysed in one window; tests leave it as it was."""
    url = new_counted()
    analyse_window(url, WINDOW, BATCH_ROWS)
    return url


def outcomes(day: date) -> Iterator[tuple[object, ...]]:
    chance = seeded(str(day))
    for basis in ("actual", "requested"):
        for region in REGIONS:
            for question in QUESTIONS:
                scored = chance.randint(0, 3)
                refused = chance.randint(0, scored) if region == "EU" else 0
                failed = chance.randint(0, 1)
                counts = (
                    scored + failed,
                    scored,
                    failed,
                    0,
                    scored,
                    refused,
                    0,
                    0,
                    scored,
                    refused,
                )
                key = f"{day}/{basis}/m/{region}/{question}"
                yield (key, day, basis, "m", region, question, *counts)


def contrasts(day: date) -> Iterator[tuple[object, ...]]:
    chance = seeded(str(day))
    for region_a, region_b in (
        ("ASIA", "EU"),
        ("ASIA", "US"),
        ("EU", "US"),
        *zip(REGIONS, REGIONS, strict=True),
    ):
        pairing, n = ("none", 0) if region_a == region_b else ("job", 1)
        for question in QUESTIONS:
            a, b = (n * int(chance.random() < rate) for rate in (0.5, 0.2))
            key = f"{day}/standard/{pairing}/m/{region_a}/{region_b}/{question}"
            yield (
                *(key, day, "standard", pairing, "m", region_a, region_b, question),
                *(n, a, b, n, a, b, n, a - b, a - b, 1, n, chance.randint(0, 1), 0),
            )


def divergences(day: date) -> Iterator[tuple[object, ...]]:
    chance = seeded(str(day))
    for region_a, region_b in (("EU", "US"), ("EU", "EU"), ("US", "US")):
        for question in QUESTIONS:
            key = f"{day}/m/{region_a}/{region_b}/{question}"
            totals = (round(chance.random(), 12), round(chance.random(), 12))
            yield (key, day, "m", region_a, region_b, question, 1, *totals, 0, None)


def store(url: str, days: list[date]) -> None:
    tables = {
        "int_question_outcomes__daily": outcomes,
        "int_question_contrasts__daily": contrasts,
        "int_question_divergences__daily": divergences,
    }
    with psycopg.connect(url) as connection:
        for table, rows in tables.items():
            statement = sql.SQL("copy {} from stdin").format(sql.Identifier("intermediate", table))
            with connection.cursor().copy(statement) as copy:
                for row in (row for day in days for row in rows(day)):
                    copy.write_row(row)


def forget(url: str, day: date) -> None:
    for name in ("outcomes", "contrasts", "divergences"):
        table = f"int_question_{name}__daily"
        execute(url, f"delete from intermediate.{table} where job_day = '{day}'")


def contents(url: str) -> dict[str, list[Row]]:
    return {
        table: read(url, f"select * from analytics.{table} as t order by t::text")
        for table in TABLES
    }


def test_days_in_many_windows_and_any_order_give_what_one_window_gives(
    analysed: str, new_counted: Callable[[], str]
) -> None:
    pieces = [Window(DAYS[8], DAYS[12]), Window(DAYS[12], WINDOW.end), Window(DAYS[0], DAYS[8])]
    url = new_counted()
    for piece in (*pieces, pieces[0]):
        analyse_window(url, piece, BATCH_ROWS)
    assert contents(url) == contents(analysed)


def test_windows_at_once_that_share_a_week_and_a_month_give_what_one_window_gives(
    analysed: str, new_counted: Callable[[], str]
) -> None:
    url = new_counted()
    with ThreadPoolExecutor() as pool:
        windows = (Window(DAYS[0], DAYS[3]), Window(DAYS[3], WINDOW.end))
        for finished in [pool.submit(analyse_window, url, one, BATCH_ROWS) for one in windows]:
            finished.result()
    assert contents(url) == contents(analysed)


def test_every_table_has_rows_to_compare(analysed: str) -> None:
    rows = contents(analysed)
    assert {table: bool(rows[table]) for table in PERIOD_TABLES} == dict.fromkeys(
        PERIOD_TABLES, True
    )
    assert any(row["p_value"] is not None for row in rows["region_pair_effects"])
    assert any(row["n_tests"] for row in rows["model_verdicts"])
    assert any(row["status"] == "ok" for row in rows["text_divergence"])
    assert any(row["status"] == "ok" for row in rows["metric_changes"])


def test_a_day_is_made_anew_without_writing_rows_of_days_that_do_not_depend_on_it(
    analysed: str,
) -> None:
    query = "select period_start, max(xmin::text::bigint) as written from analytics.{} as t"
    query += " where period_kind = '{}' group by period_start"
    looked_at = {"region_rates": "day", "question_outcomes": "day", "metric_changes": "iso_week"}
    before = {table: read(analysed, query.format(table, kind)) for table, kind in looked_at.items()}
    expected = contents(analysed)
    analyse_window(analysed, Window.of_day(DAYS[3]), BATCH_ROWS)
    for table, kind in looked_at.items():
        old = {row["period_start"]: row["written"] for row in before[table]}
        rows = read(analysed, query.format(table, kind))
        written = {
            row["period_start"] for row in rows if row["written"] != old[row["period_start"]]
        }
        # A change is told against up to four weeks before, so all weeks may move.
        assert written == (set(old) if kind == "iso_week" else {DAYS[3]}), table
    assert contents(analysed) == expected


def test_a_day_that_lost_its_jobs_leaves_no_row_and_its_month_loses_its_counts(
    new_counted: Callable[[], str],
) -> None:
    url, without = new_counted(), new_counted()
    analyse_window(url, WINDOW, BATCH_ROWS)
    for one in (url, without):
        forget(one, DAYS[5])
    analyse_window(url, Window.of_day(DAYS[5]), BATCH_ROWS)
    analyse_window(without, WINDOW, BATCH_ROWS)
    assert contents(url) == contents(without)
    assert read(url, "select 1 from analytics.region_rates where job_day = %s", DAYS[5]) == []


def test_a_window_that_fails_leaves_the_old_rows(analysed: str) -> None:
    before = contents(analysed)
    execute(
        analysed,
        "create function public.refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'no room'; end $$;"
        " create trigger refuse before insert on analytics.metric_changes"
        " for each row execute function public.refuse()",
    )
    with pytest.raises(errors.RaiseException, match="no room"):
        analyse_window(analysed, WINDOW, BATCH_ROWS)
    execute(analysed, "drop trigger refuse on analytics.metric_changes")
    assert contents(analysed) == before


def test_periods_are_sums_of_their_days(analysed: str) -> None:
    sums = read(
        analysed,
        "select period_kind, sum(expected) as expected, sum(scored) as scored,"
        " sum(refused) as refused from analytics.question_outcomes"
        " group by period_kind order by period_kind",
    )
    assert [row["period_kind"] for row in sums] == ["all", "day", "iso_week", "month"]
    assert len({(row["expected"], row["scored"], row["refused"]) for row in sums}) == 1

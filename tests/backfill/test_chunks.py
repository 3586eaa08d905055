"""Who takes which chunk when several go for the same ones."""

from datetime import date
from itertools import count

from dagster_project.backfill.chunks import SharedChunks
from dagster_project.backfill.plan import Chunk
from dagster_project.backfill.runs import day_locks, never
from dagster_project.partitions import Window
from dagster_project.stage import Databases

CHUNKS = [
    Chunk(Window.of_days(date(2025, 9, first), date(2025, 9, first + 6)), "extract", 1)
    for first in (1, 8)
]
EARLIER, LATER = CHUNKS


def shared(warehouse_url: str) -> SharedChunks:
    """What is left for one host; the runner is not asked when all days are done again."""
    return SharedChunks(Databases("", warehouse_url), CHUNKS, None, only_needed=False)


def test_who_finds_a_chunk_taken_takes_the_next_and_comes_back_at_the_end(
    warehouse_url: str,
) -> None:
    one, other = shared(warehouse_url), shared(warehouse_url)
    with one.take(never) as mine:
        assert mine == (EARLIER, True)
        with other.take(never) as taken:
            assert taken == (LATER, True)
    with other.take(never) as taken:
        assert taken == (EARLIER, True)
    with other.take(never) as taken:
        assert taken is None


def test_a_chunk_of_which_a_run_holds_a_day_comes_later(warehouse_url: str) -> None:
    with (
        day_locks(warehouse_url, Window.of_day(date(2025, 9, 7))),
        shared(warehouse_url).take(never) as taken,
    ):
        assert taken == (LATER, True)


def test_waiting_for_a_taken_chunk_ends_when_somebody_asks_to_stop(warehouse_url: str) -> None:
    asked = count()
    one, other = shared(warehouse_url), shared(warehouse_url)
    with one.take(never), one.take(never), other.take(lambda: next(asked) > 3) as taken:
        assert taken is None

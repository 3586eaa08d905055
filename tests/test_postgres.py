"""How sessions wait for one another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dagster_project.postgres import LOCK_TIMEOUT, connect, lock_table

SHORT = "50ms"
LONGER_S = 0.3


def test_the_projects_own_lock_is_waited_for_beyond_the_time_out_of_others(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    with (
        psycopg.connect(url) as holder,
        connect(url, application="waiter") as waiter,
        ThreadPoolExecutor(1) as pool,
    ):
        lock_table(holder, "raw.jobs")
        waiter.execute(f"set lock_timeout = '{SHORT}'")
        waiting = pool.submit(lock_table, waiter, "raw.jobs")
        with pytest.raises(TimeoutError):
            waiting.result(LONGER_S)
        holder.rollback()
        waiting.result()
        assert waiter.execute("show lock_timeout").fetchone() == (LOCK_TIMEOUT,)

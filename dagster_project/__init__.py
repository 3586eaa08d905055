"""Beacon Analytics: unifies the executions of two workflows and computes bias metrics for both."""

import atexit
import gc
import sys


def _search_no_more() -> None:
    # DuckDB complains at the end of each of its objects that was not collected.
    if "duckdb" not in sys.modules:
        gc.freeze()


# What Dagster and dbt load lives until the end: looking for garbage in it took about a fifth of a
# command's CPU (docs/decisions/0076-few-searches-for-garbage.md).
gc.set_threshold(200_000, 20, 20)
atexit.register(_search_no_more)

"""Beacon Analytics: unifies the executions of two workflows and computes bias metrics for both."""

import atexit
import gc

# What Dagster and dbt load lives until the end: looking for garbage in it took up to a third of a
# command's CPU (docs/decisions/0076-few-searches-for-garbage.md).
gc.set_threshold(200_000, 20, 20)
atexit.register(gc.freeze)

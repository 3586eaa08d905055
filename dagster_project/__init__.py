"""Beacon Analytics: batch pipeline from the runner's Postgres to unified executions and bias metrics."""

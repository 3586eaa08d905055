"""Tests of real Dagster runs."""

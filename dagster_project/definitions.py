"""Gathers the stages' definitions. Loading it opens no connection and needs no variable."""

import dagster as dg

from dagster_project.backfill.assets import job_days
from dagster_project.unify.assets import warehouse_structure

structure = dg.define_asset_job(
    "structure",
    selection=dg.AssetSelection.assets(warehouse_structure),
    description="Create or update schemas, seeds and views. Safe at any time; days stay as they are.",
)
backfill = dg.define_asset_job(
    "backfill",
    selection=dg.AssetSelection.assets(job_days),
    description="Extract, unify, score and analyse a range of job_days.",
)

defs = dg.Definitions(assets=[warehouse_structure, job_days], jobs=[structure, backfill])

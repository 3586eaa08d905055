"""Copies of a source: to the ledger each is another database, until it is told otherwise."""

import psycopg

from dagster_project.backfill.fingerprints import source_identity


def adopt(source: str, warehouse: str) -> None:
    """Let a warehouse take a copy of its source, rows and their versions included, for the source.

    Args:
        source: libpq URL of the copy.
        warehouse: libpq URL of the warehouse.
    """
    with psycopg.connect(source) as copy, psycopg.connect(warehouse) as connection:
        connection.execute(
            "update ops.partition_ledger"
            " set source_fingerprint = regexp_replace(source_fingerprint, '^source=\\S+', %s)",
            (f"source={source_identity(copy)}",),
        )

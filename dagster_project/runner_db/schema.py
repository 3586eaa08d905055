"""The runner's tables: creates them from ``sql/runner/``, whole or with optional columns missing.

Belongs here: which DDL files apply and when. Does not belong here: any row.
"""

from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from dagster_project.paths import SQL_DIR
from dagster_project.postgres import read_sql

OPTIONAL_INDEXES = ("question_id", "region_results_model_id")


@dataclass(frozen=True)
class SchemaOptions:
    """Which of the runner's migrations succeeded.

    Attributes:
        output_data_type: Type of executions.output_data. ``json`` can hold a NUL escape, which
            jsonb refuses; ``text`` can also hold invalid JSON.
    """

    question_id: bool = True
    region_verification: bool = True
    region_results_model_id: bool = True
    summary_source: bool = True
    output_data_type: Literal["jsonb", "json", "text"] = "jsonb"

    @property
    def optional_files(self) -> tuple[str, ...]:
        """Names of the optional migrations that apply, in order."""
        switches = {
            "question_id": self.question_id,
            "region_verification": self.region_verification,
            "region_results_model_id": self.region_results_model_id,
            "summary_source": self.summary_source,
        }
        return tuple(name for name, applies in switches.items() if applies)


def create_runner_schema(
    connection: psycopg.Connection[tuple[object, ...]], options: SchemaOptions | None = None
) -> None:
    """Create the six empty tables with foreign keys, indexes and triggers.

    Args:
        options: Which migrations succeeded; all of them when None.
    """
    options = options or SchemaOptions()
    create_tables(connection, options)
    create_constraints(connection, options)


def create_tables(
    connection: psycopg.Connection[tuple[object, ...]], options: SchemaOptions
) -> None:
    """Create the six tables with primary keys only, ready for a bulk load."""
    connection.execute(
        read_sql(SQL_DIR / "runner/010_tables.sql").format(
            output_data_type=sql.Identifier(options.output_data_type)
        )
    )
    for name in options.optional_files:
        connection.execute(read_sql(SQL_DIR / f"runner/optional/{name}.sql"))


def create_constraints(
    connection: psycopg.Connection[tuple[object, ...]], options: SchemaOptions
) -> None:
    """Add what is cheaper after a bulk load: foreign keys, indexes, triggers."""
    connection.execute(read_sql(SQL_DIR / "runner/020_constraints.sql"))
    for name in options.optional_files:
        if name in OPTIONAL_INDEXES:
            connection.execute(read_sql(SQL_DIR / f"runner/optional_indexes/{name}.sql"))

"""From which columns each column of a dbt model is made, read from the compiled SQL.

Belongs here: pure work on the text of statements. Does not belong here: what shows it.
"""

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import MappingSchema, exp
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from dagster_project.deliver.relations import (
    DIALECT,
    Manifest,
    Relation,
    relation_name,
    relations,
)

Origin = tuple[str, str]
"""A relation and one of its columns."""

Origins = Mapping[str, tuple[Origin, ...]]
"""Where each column of a relation comes from; a column that is made of constants has none."""


def column_lineage(manifest: Manifest) -> dict[str, Origins]:
    """Return the columns that each column of a model is computed from.

    Args:
        manifest: A dbt manifest with compiled code.

    Returns:
        Per model, by its qualified name, the origins of its columns. Origins lie in the tables and
        views that the model reads; columns that only filter or join are not among them.
    """
    known = relations(manifest)
    schema = _schema(known)
    return {
        relation_name(node): _origins(node, schema)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and relation_name(node) in known
    }


def _schema(known: Mapping[str, Relation]) -> MappingSchema:
    schema = MappingSchema(dialect=DIALECT)
    for relation in known.values():
        schema.add_table(
            relation.name, {column.name: column.data_type or "text" for column in relation.columns}
        )
    return schema


def _origins(node: Mapping[str, Any], schema: MappingSchema) -> Origins:
    statement = qualify(
        _without_database(sqlglot.parse_one(node["compiled_code"], dialect=DIALECT)),
        schema=schema,
        dialect=DIALECT,
    )
    scope = build_scope(statement)
    return {
        column: _leaves(
            lineage(
                column,
                statement,
                schema=schema,
                dialect=DIALECT,
                scope=scope,
                copy=False,
                trim_selects=False,
            )
        )
        for column in node["columns"]
    }


def _without_database(statement: exp.Expr) -> exp.Expr:
    # A model may run against any database; relations are known by schema and name.
    for table in statement.find_all(exp.Table):
        table.set("catalog", None)
    return statement


def _leaves(root: Node) -> tuple[Origin, ...]:
    found = {
        (f"{node.expression.db}.{node.expression.name}", exp.to_column(node.name).name)
        for node in root.walk()
        if not node.downstream and isinstance(node.expression, exp.Table)
    }
    return tuple(sorted(found))

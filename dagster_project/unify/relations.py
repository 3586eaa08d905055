"""Every table and view of the warehouse with its columns, read from where each is declared.

Belongs here: one shape for what is declared in two places, the statements of ``sql/warehouse`` and
the YAML of the dbt models. Does not belong here: how the columns are shown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from dagster_project.postgres import sql_files

DIALECT = "postgres"
Manifest = Mapping[str, Any]

# sqlglot writes the short names; the dictionary and Postgres itself write these.
_LONG_TYPES = {
    "int": "integer",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
}
_REQUIRING = {exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint}


@dataclass(frozen=True)
class Column:
    """A column of a relation.

    Attributes:
        name: Its name.
        data_type: Type as Postgres writes it; empty where the declaration names none.
        description: What it means; empty where nothing is declared.
        is_required: Whether it may not be NULL.
    """

    name: str
    data_type: str
    description: str
    is_required: bool = False


@dataclass(frozen=True)
class Relation:
    """A table or view.

    Attributes:
        name: ``schema.relation``.
        description: What it holds and its grain.
        columns: Its columns, in order.
    """

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> str:
        """The schema that it lies in."""
        return self.name.partition(".")[0]


def relations(manifest: Manifest) -> dict[str, Relation]:
    """Return every table and view of the warehouse.

    Args:
        manifest: The dbt manifest.

    Returns:
        Relation by name: the tables of ``sql/warehouse``, then dbt's seeds and models.
    """
    return {**declared_tables(), **dbt_relations(manifest)}


def dbt_relations(manifest: Manifest) -> dict[str, Relation]:
    """Return what dbt makes.

    Args:
        manifest: The dbt manifest.

    Returns:
        Relation by name; models that are inlined into others are no relations.
    """
    found = [
        Relation(
            name=relation_name(node),
            description=node["description"].strip(),
            columns=tuple(
                Column(
                    name,
                    # A seed's, which has no contract.
                    column["data_type"] or node["config"]["column_types"][name],
                    _one_line(column["description"]),
                )
                for name, column in node["columns"].items()
            ),
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed"}
        and node["config"]["materialized"] != "ephemeral"
    ]
    return {relation.name: relation for relation in found}


def relation_name(node: Mapping[str, Any]) -> str:
    """Return the qualified name of a dbt model, seed or source.

    Args:
        node: Its entry in the manifest.

    Returns:
        ``schema.relation``.
    """
    return f"{node['schema']}.{node.get('identifier') or node['alias']}"


@cache
def declared_tables() -> dict[str, Relation]:
    """Return the tables that Python writes, as ``sql/warehouse`` declares and comments them.

    Returns:
        Relation by name.
    """
    return tables_in("\n".join(path.read_text(encoding="utf-8") for path in sql_files("warehouse")))


def tables_in(statements: str) -> dict[str, Relation]:
    """Read which tables some statements declare.

    Args:
        statements: ``create table``, ``alter table … add column`` and ``comment on``; others are
            passed over.

    Returns:
        Relation by name.

    Raises:
        KeyError: A comment or a change names a table that is not declared before it.
    """
    found: dict[str, Relation] = {}
    for statement in sqlglot.parse(statements, dialect=DIALECT):
        if isinstance(statement, exp.Create) and statement.kind == "TABLE":
            name = _name(statement.this.this)
            found[name] = Relation(name, "", tuple(_columns(statement.this.expressions)))
        elif isinstance(statement, exp.Alter) and statement.kind == "TABLE":
            name = _name(statement.this)
            there = {column.name for column in found[name].columns}
            added = [one for one in _columns(statement.args["actions"]) if one.name not in there]
            found[name] = replace(found[name], columns=(*found[name].columns, *added))
        elif isinstance(statement, exp.Comment):
            _apply_comment(found, statement)
    return found


def _name(table: exp.Expr) -> str:
    return f"{table.text('db')}.{table.name}"


def _columns(definitions: Iterable[exp.Expr]) -> Iterator[Column]:
    for column in definitions:
        if isinstance(column, exp.ColumnDef):
            spelled = column.kind.sql(dialect=DIALECT).lower() if column.kind else ""
            kinds = {type(constraint.kind) for constraint in column.constraints}
            yield Column(
                name=column.name,
                data_type=_LONG_TYPES.get(spelled, spelled.replace("decimal", "numeric")),
                description="",
                is_required=not kinds.isdisjoint(_REQUIRING),
            )


def _apply_comment(found: dict[str, Relation], comment: exp.Comment) -> None:
    text = _one_line(comment.expression.name)
    kind = comment.args["kind"].lower()
    if kind == "table":
        name = _name(comment.this)
        found[name] = replace(found[name], description=text)
    elif kind == "column":
        name = f"{comment.this.text('db')}.{comment.this.text('table')}"
        columns = [
            replace(column, description=text) if column.name == comment.this.name else column
            for column in found[name].columns
        ]
        found[name] = replace(found[name], columns=tuple(columns))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()

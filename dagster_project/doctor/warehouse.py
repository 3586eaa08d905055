"""What the pipeline needs of the warehouse: its own schemas, as the present release builds them."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from psycopg import sql
from psycopg.rows import class_row

from dagster_project.backfill.stages import STAGES
from dagster_project.doctor.databases import Connection
from dagster_project.doctor.finding import Finding, fail, ok, some, warn
from dagster_project.paths import DBT_DIR, SQL_DIR, shown
from dagster_project.postgres import only_row, read_sql, sql_files
from dagster_project.unify.dbt_run import DbtError, load_manifest, run_dbt
from dagster_project.unify.relations import Relation, relations
from dagster_project.warehouse import ROLES_FOLDER

SET_UP = "beacon setup"


class WarehouseRelation(NamedTuple):
    """One row of ``doctor/warehouse_relations.sql``."""

    name: str
    columns: list[str]
    types: list[str]
    is_ours: bool


def warehouse_findings(connection: Connection, home: Path) -> Iterator[Finding]:
    """Look at what the warehouse holds and what the role may do there.

    Args:
        connection: Session on the warehouse, autocommit.
    """
    wanted = relations(load_manifest(home))
    there = _relations(connection, {relation.schema for relation in wanted.values()})
    yield from _role(connection, there)
    if not there:
        yield fail("warehouse tables", "there are none: it is not set up", SET_UP)
        return
    missing = _missing(wanted, there)
    if missing:
        yield fail("warehouse tables", f"missing: {some(missing)}", SET_UP)
        return
    other = _of_other_type(wanted, there)
    if other:
        yield fail("warehouse tables", f"columns of another type: {some(other)}", SET_UP)
        return
    yield ok("warehouse tables", f"all {len(wanted)} tables and views with all columns")
    if all(relation.is_ours for relation in there):
        yield _seeds(connection)
        yield from _days(connection)


def dbt_finding(url: str) -> Finding:
    """Let dbt connect by itself: it has another driver, with a libpq of its own."""
    try:
        run_dbt(["debug", "--connection"], url=url)
    except DbtError as error:
        remedy = "psycopg does connect: look for what differs between the two libpq versions."
        return fail("dbt connection", " ".join(str(error).split()), remedy)
    return ok("dbt connection", "dbt connects by the same parameters")


def is_set_up(connection: Connection) -> bool:
    """Tell whether the copies of the runner's tables exist.

    Args:
        connection: Session on the warehouse, autocommit.
    """
    return bool(_relations(connection, {"raw"}))


def _relations(connection: Connection, schemas: set[str]) -> list[WarehouseRelation]:
    with connection.cursor(row_factory=class_row(WarehouseRelation)) as cursor:
        return cursor.execute(
            read_sql("doctor/warehouse_relations.sql"), {"schemas": sorted(schemas)}
        ).fetchall()


def _missing(wanted: dict[str, Relation], there: Sequence[WarehouseRelation]) -> list[str]:
    columns_there = {relation.name: set(relation.columns) for relation in there}
    missing = []
    for name, relation in wanted.items():
        if name not in columns_there:
            missing.append(name)
            continue
        columns = [column.name for column in relation.columns]
        missing += [f"{name}.{column}" for column in columns if column not in columns_there[name]]
    return missing


def _of_other_type(wanted: dict[str, Relation], there: Sequence[WarehouseRelation]) -> list[str]:
    types = {one.name: dict(zip(one.columns, one.types, strict=True)) for one in there}
    return [
        f"{name}.{column.name} ({types[name][column.name]}, not {column.data_type})"
        for name, relation in wanted.items()
        for column in relation.columns
        if not _is_type(column.data_type, types[name][column.name])
    ]


def _is_type(wanted: str, found: str) -> bool:
    # A declaration without a type takes any; one without a precision takes every precision.
    wanted = wanted.replace(", ", ",")
    return not wanted or wanted in (found, found.partition("(")[0])


def _role(connection: Connection, there: Sequence[WarehouseRelation]) -> Iterator[Finding]:
    files = {path.stem: path for path in sql_files(ROLES_FOLDER)}
    may_create, roles_there = only_row(
        connection.execute(read_sql("doctor/warehouse_role.sql"), {"roles": list(files)})
    )
    role = connection.info.user
    foreign = [relation.name for relation in there if not relation.is_ours]
    if not may_create:
        yield fail(
            "warehouse privileges",
            f"{role} may not create schemas in {connection.info.dbname}",
            f"As its owner: grant create on database {connection.info.dbname} to {role}",
        )
    if foreign:
        yield fail(
            "warehouse privileges",
            f"{role} does not own {some(foreign)}",
            "Let BEACON_WAREHOUSE_URL name the role that ran `beacon setup`.",
        )
    if may_create and not foreign:
        yield ok("warehouse privileges", f"{role} may build and owns what is there")
    absent = sorted(set(files) - set(roles_there))
    if absent:
        folder = shown(SQL_DIR / ROLES_FOLDER)
        yield warn(
            "reading roles",
            f"missing: {some(absent)}",
            f"Let an administrator run {folder}/<role>.sql on the warehouse.",
        )


def _seeds(connection: Connection) -> Finding:
    files = sorted((DBT_DIR / "seeds").glob("*.csv"))
    old = [file.stem for file in files if not _is_loaded(connection, file)]
    if old:
        return warn("seeds", f"other rows than the file: {some(old)}", SET_UP)
    return ok("seeds", f"all {len(files)} hold the rows of their files")


def _is_loaded(connection: Connection, file: Path) -> bool:
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    columns = [sql.SQL("coalesce({}::text, '')").format(sql.Identifier(name)) for name in header]
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(columns), sql.Identifier("seeds", file.stem)
    )
    return sorted(connection.execute(query).fetchall()) == sorted(map(tuple, rows))


def _days(connection: Connection) -> Iterator[Finding]:
    present = {
        "stages": [stage.name for stage in STAGES],
        "versions": [stage.method_version() for stage in STAGES],
    }
    old_days, bad_days = only_row(
        connection.execute(read_sql("doctor/days_of_other_rules.sql"), present)
    )
    if old_days:
        yield warn("job_days", f"{old_days} made by older rules", "beacon backfill --only stale")
    if bad_days:
        remedy = "After the cause is mended, which beacon plan names: beacon backfill --only failed"
        yield warn("job_days", f"{bad_days} failed or quarantined", remedy)
    if not old_days and not bad_days:
        yield ok("job_days", "all that are done are made by the present rules")

"""Reads and writes of both databases: jobs and record in the warehouse, rows in the runner.

Belongs here: no rule about what to write.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, TypeVar
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg.rows import class_row, dict_row, scalar_row
from psycopg.types.json import Jsonb

from dagster_project.extract.published import (
    EXECUTION_COLUMNS,
    analysis_is_native,
    is_native,
)
from dagster_project.extract.schema import ColumnInfo, SchemaDriftError, columns_of
from dagster_project.partitions import ALL_DAYS, Window
from dagster_project.paths import PUBLISHER_ROLE_FILE
from dagster_project.postgres import read_sql
from dagster_project.publish.decide import Changes, Stored
from dagster_project.publish.rows import (
    TABLES,
    Analysis,
    Job,
    Region,
    Row,
    Rows,
    analysis_id,
    published_rows,
)

KEY, TEXT, INTEGER, NUMBER, TIME, JSON = "uuid", "text", "integer", "number", "time", "JSON"
ACCEPTED_TYPES: Mapping[str, frozenset[str]] = {
    KEY: frozenset({"uuid"}),
    TEXT: frozenset({"text", "varchar"}),
    INTEGER: frozenset({"int4", "int8"}),
    NUMBER: frozenset({"numeric"}),
    TIME: frozenset({"timestamptz"}),
    JSON: frozenset({"json", "jsonb"}),
}
"""Kind of a column → Postgres types that store it without loss."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "cross_region_executions": {
        "id": KEY,
        "jobspec_id": TEXT,
        "total_regions": INTEGER,
        "success_count": INTEGER,
        "failure_count": INTEGER,
        "min_regions_required": INTEGER,
        "min_success_rate": NUMBER,
        "status": TEXT,
        "started_at": TIME,
        "completed_at": TIME,
        "duration_ms": INTEGER,
        "created_at": TIME,
        "updated_at": TIME,
    },
    "region_results": {
        "id": KEY,
        "cross_region_execution_id": KEY,
        "region": TEXT,
        "provider_id": TEXT,
        "status": TEXT,
        "started_at": TIME,
        "completed_at": TIME,
        "duration_ms": INTEGER,
        "execution_output": JSON,
        "error_message": TEXT,
        "scoring": JSON,
        "metadata": JSON,
        "created_at": TIME,
        "updated_at": TIME,
        "model_id": TEXT,
    },
    "cross_region_analyses": {
        "id": KEY,
        "cross_region_execution_id": KEY,
        "bias_variance": NUMBER,
        "censorship_rate": NUMBER,
        "factual_consistency": NUMBER,
        "narrative_divergence": NUMBER,
        "key_differences": JSON,
        "risk_assessment": JSON,
        "summary": TEXT,
        "recommendation": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
        "summary_source": TEXT,
    },
}
"""What is written: table → column → kind."""

OPTIONAL_COLUMNS = frozenset(
    {("region_results", "model_id"), ("cross_region_analyses", "summary_source")}
)
"""Columns whose migrations may have been skipped; left out where they are missing."""

BIAS_PAGE = """
    select
        cre.id,
        cre.created_at,
        r.region,
        r.scoring,
        a.id,
        a.bias_variance,
        a.censorship_rate,
        a.factual_consistency,
        a.narrative_divergence,
        a.key_differences,
        a.risk_assessment,
        a.summary,
        a.summary_source,
        a.recommendation,
        a.created_at,
        a.updated_at
    from cross_region_executions as cre
    inner join region_results as r on cre.id = r.cross_region_execution_id
    inner join cross_region_analyses as a on cre.id = a.cross_region_execution_id
    where false
"""
"""What the runner's own endpoint selects: where this fails, it answers 404 for every job."""

READER_REMEDY = "As owner of the runner's tables: {}"
ADD_SUMMARY_SOURCE = "alter table cross_region_analyses add column summary_source text"


def target_problems(runner: psycopg.Connection[Any]) -> list[str]:
    """Return why the tables cannot be written, or would not be shown; autocommit session.

    Returns:
        One line per problem: a table or column that is missing, of another type, or must be given
        but is not known; a privilege that the role lacks.
    """
    problems = list(schema_problems(columns_of(runner, TABLES)))
    if not problems:
        with runner.cursor(row_factory=scalar_row) as cursor:
            missing = read_sql("publish/missing_privileges.sql")
            problems += cursor.execute(missing, {"tables": list(TABLES)}).fetchall()
    return problems


def reader_problem(runner: psycopg.Connection[Any]) -> tuple[str, str] | None:
    """Try what the runner's bias page selects; return what it lacks, and the remedy."""
    try:
        # A savepoint: what is refused must not spoil what follows.
        with runner.transaction():
            runner.execute(BIAS_PAGE)
    except errors.UndefinedColumn as error:
        found = f"the runner's bias page answers 404 for every job: {error.diag.message_primary}"
        return found, READER_REMEDY.format(ADD_SUMMARY_SOURCE)
    return None


def written_columns(
    runner: psycopg.Connection[Any], *, is_read: bool = True
) -> Mapping[str, tuple[str, ...]]:
    """Look at the tables and return the columns to write.

    Args:
        is_read: Whether what is written must be shown by the runner.

    Returns:
        Table → columns in order; the optional ones only where they exist.

    Raises:
        SchemaDriftError: See `target_problems` and `reader_problem`.
    """
    problems = target_problems(runner)
    if problems:
        message = (
            "Nothing was published. The runner's tables are not as expected, or the role of "
            f"BEACON_PUBLISH_URL may not write them ({PUBLISHER_ROLE_FILE}): " + "; ".join(problems)
        )
        raise SchemaDriftError(message)
    unread = reader_problem(runner) if is_read else None
    if unread is not None:
        raise SchemaDriftError(f"Nothing was published: {unread[0]}. {unread[1]}")
    there = {(column.table_name, column.name) for column in columns_of(runner, TABLES)}
    return {
        table: tuple(name for name in columns if (table, name) in there)
        for table, columns in COLUMNS.items()
    }


def schema_problems(found: Iterable[ColumnInfo]) -> Iterable[str]:
    """Compare tables with what publishing writes."""
    there = {(column.table_name, column.name): column for column in found}
    for table, columns in COLUMNS.items():
        if not any(name == table for name, _ in there):
            yield f"table {table} is missing"
            continue
        for name, kind in columns.items():
            column = there.get((table, name))
            if column is None and (table, name) not in OPTIONAL_COLUMNS:
                yield f"{table}.{name} is missing"
            elif column is not None and column.type_name not in ACCEPTED_TYPES[kind]:
                yield f"{table}.{name} is {column.type_name}, expected {kind}"
    for (table, name), column in there.items():
        if column.must_be_given and name not in COLUMNS[table]:
            yield f"{table}.{name} must be given, but its meaning is not known"


_Row = TypeVar("_Row")

Kind = Literal["bias_page", "analysis", "executions"]
"""What stands in the runner's tables: a whole bias page, our analysis of a native execution, or the
rows of executions that the runner did not write in its lost days."""


@dataclass(frozen=True)
class Scope:
    """Which jobs are looked at: those of a window of job_days, or one; all when both are None."""

    window: Window | None = None
    job_id: str | None = None


def job_pages(
    warehouse: psycopg.Connection[Any],
    which: Literal["candidates", "known_jobs", "lost_jobs"],
    scope: Scope,
    page_jobs: int,
) -> Iterator[list[str]]:
    """Yield pages of at most so many ids of jobs, in order.

    Args:
        warehouse: Session that holds the cursor; it is in one transaction while this runs.
        which: The standard and the published jobs of the scope; every one that the warehouse or the
            record knows; or those whose answers stand in region_results only.
    """
    if scope.job_id is not None:
        yield [scope.job_id]
        return
    with warehouse.cursor("jobs", row_factory=scalar_row) as cursor:
        cursor.execute(read_sql(f"publish/{which}.sql"), vars(scope.window or ALL_DAYS))
        while page := cursor.fetchmany(page_jobs):
            yield page


def jobs(warehouse: psycopg.Connection[Any], job_ids: Sequence[str]) -> list[Job]:
    """Return what the warehouse and the record know of some jobs."""
    return _rows(warehouse, "publish/jobs.sql", Job, job_ids)


def wanted_rows(
    warehouse: psycopg.Connection[Any], job_ids: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> Mapping[str, Rows]:
    """Return the rows that some jobs should have in the runner's tables."""
    analyses = _rows(warehouse, "publish/analyses.sql", Analysis, job_ids)
    regions = {
        job_id: list(rows)
        for job_id, rows in groupby(
            _rows(warehouse, "publish/regions.sql", Region, job_ids), key=lambda row: row.job_id
        )
    }
    return {
        analysis.job_id: _with_columns(
            published_rows(analysis, regions.get(analysis.job_id, ())), columns
        )
        for analysis in analyses
    }


def _with_columns(rows: Rows, columns: Mapping[str, Sequence[str]]) -> Rows:
    return {
        table: [{column: row[column] for column in columns[table]} for row in rows_of_table]
        for table, rows_of_table in rows.items()
    }


def _rows(
    warehouse: psycopg.Connection[Any], query: str, kind: type[_Row], job_ids: Sequence[str]
) -> list[_Row]:
    with warehouse.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(read_sql(query), {"job_ids": list(job_ids)}).fetchall()


@dataclass(frozen=True)
class Publication:
    """A job whose rows stand in the runner's tables."""

    job: Job
    kind: Kind
    execution: UUID
    is_written: bool


def recorded_executions(
    warehouse: psycopg.Connection[Any], job_ids: Sequence[str]
) -> Mapping[str, UUID]:
    """Return the executions that were published for some jobs, withdrawn ones too."""
    query = """
        select job_id, cross_region_execution_id
        from ops.publications
        where job_id = any(%(job_ids)s) and kind = 'bias_page'
    """
    return dict(warehouse.execute(query, {"job_ids": list(job_ids)}).fetchall())


def record(
    warehouse: psycopg.Connection[Any],
    there: Sequence[Publication],
    gone: Sequence[tuple[str, Kind]],
) -> None:
    """Bring ``ops.publications`` in line with the runner's tables."""
    with warehouse.transaction(), warehouse.cursor() as cursor:
        cursor.executemany(
            read_sql("publish/record_published.sql"),
            [
                {
                    "job_id": one.job.job_id,
                    "job_day": one.job.job_day,
                    "kind": one.kind,
                    "execution_id": one.execution,
                    "method_version": one.job.method_version,
                    "is_written": one.is_written,
                }
                for one in there
            ],
        )
        withdrawn = {"job_ids": [job for job, _ in gone], "kinds": [kind for _, kind in gone]}
        cursor.execute(read_sql("publish/record_withdrawn.sql"), withdrawn)


Columns = Mapping[str, Sequence[str]]
"""Table → columns that are written."""


def stored_rows(
    runner: psycopg.Connection[Any],
    job_ids: Sequence[str],
    our_ids: Mapping[str, Collection[UUID]],
    columns: Columns,
) -> Mapping[str, Stored]:
    """Read what the runner holds of some jobs.

    Args:
        our_ids: By job, executions that are ours even where no mark is left.
    """
    known = _known_to_runner(runner, job_ids)
    ours = {job_id: set(our_ids.get(job_id, ())) for job_id in job_ids}
    native: dict[UUID, str] = {}
    query = read_sql("publish/executions.sql").format(is_native=is_native("cre", "id"))
    for execution, job_id, has_no_mark in runner.execute(query, {"job_ids": list(job_ids)}):
        if not has_no_mark:
            ours[job_id].add(execution)
        elif execution not in ours[job_id]:
            native[execution] = job_id
    owner = {execution: job_id for job_id, executions in ours.items() for execution in executions}
    rows: dict[str, dict[str, list[Row]]] = {
        job_id: {table: [] for table in TABLES} for job_id in job_ids
    }
    for table in TABLES:
        key = EXECUTION_COLUMNS[table]
        for row in _read(runner, table, columns[table], list(owner)):
            rows[owner[row[key]]][table].append(row)
    analysed: set[UUID] = set()
    for row in _read(runner, TABLES[-1], columns[TABLES[-1]], list(native)):
        execution = UUID(str(row["cross_region_execution_id"]))
        if row["id"] == analysis_id(execution):
            rows[native[execution]][TABLES[-1]].append(row)
        else:
            analysed.add(execution)
    return {
        job_id: Stored(
            job_id in known,
            {key: key in analysed for key, owner in native.items() if owner == job_id},
            rows[job_id],
        )
        for job_id in job_ids
    }


def published_jobs(runner: psycopg.Connection[Any], page_jobs: int) -> Iterator[list[str]]:
    """Yield every job with a published execution, found by the marks alone.

    Args:
        runner: Session that holds the cursor; it is in one transaction while this runs.
        page_jobs: Most ids at a time.
    """
    query = sql.SQL("""
        select cre.jobspec_id
        from cross_region_executions as cre
        where not ({})
        union distinct
        select cre.jobspec_id
        from cross_region_analyses as a
        inner join cross_region_executions as cre on a.cross_region_execution_id = cre.id
        where not ({})
    """).format(is_native("cre", "id"), analysis_is_native("a"))
    with runner.cursor("published", row_factory=scalar_row) as cursor:
        cursor.execute(query)
        while page := cursor.fetchmany(page_jobs):
            yield page


def apply(runner: psycopg.Connection[Any], changes: Sequence[Changes], columns: Columns) -> None:
    """Delete and insert rows; the caller's transaction makes it all or nothing."""
    # Rows that hang on an execution go first: a foreign key that deletes them may be missing.
    for table in reversed(TABLES):
        ids = [key for change in changes for key in change.deletes.get(table, ())]
        if ids:
            delete = sql.SQL("delete from {} where id = any(%s)").format(sql.Identifier(table))
            runner.execute(delete, (ids,))
    for table in TABLES:
        rows = [row for change in changes for row in change.inserts.get(table, ())]
        if rows:
            with runner.cursor() as cursor:
                cursor.executemany(
                    _insert(table, columns[table]), [_parameters(table, row) for row in rows]
                )


def _read(
    runner: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    execution_ids: Sequence[UUID],
) -> list[dict[str, Any]]:
    query = sql.SQL("select {} from {} where {} = any(%s) order by id").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.Identifier(EXECUTION_COLUMNS[table]),
    )
    with runner.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, (execution_ids,)).fetchall()


def _insert(table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(map(sql.Placeholder, columns)),
    )


def _parameters(table: str, row: Row) -> dict[str, Any]:
    kinds = COLUMNS[table]
    return {
        column: Jsonb(value) if kinds[column] == JSON and value is not None else value
        for column, value in row.items()
    }


def _known_to_runner(runner: psycopg.Connection[Any], job_ids: Sequence[str]) -> set[str]:
    query = "select jobspec_id from jobs where jobspec_id = any(%s)"
    with runner.cursor(row_factory=scalar_row) as cursor:
        return set(cursor.execute(query, (list(job_ids),)).fetchall())

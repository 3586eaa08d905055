"""The child process that runs dbt commands: ``python -m dagster_project.unify.dbt_worker``.

With arguments it is dbt's own command line on the warehouse, for `beacon dbt`; without, a worker.

Importing dbt and parsing the project cost more than most commands. Both are done once, and each
command runs in a fork of this process: it starts with the parsed project and with the macros that
the command before it compiled, and what dbt does to it is gone afterwards
(docs/decisions/0007-dbt-in-a-forking-worker.md). The other end is dbt_run.py.

A line of JSON on standard input is a command: ``arguments``, without which the manifest is written
beside the output, ``environment``, ``output``, the file for what dbt prints, ``files``, the version
of the project: another one is parsed anew, and ``parsed``, where the parsed project is kept from
one process to the next. The answer is a line of JSON: ``exit_code``, negative for a signal,
``codes``, the SQLSTATE or errno of each error, of which dbt itself keeps the text only, and
``results``, what dbt says of each node (`TestResult`). The end of the input, which is also the
death of the parent, ends the running command and this process.
"""

import json
import os
import re
import select
import shutil
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg2.extensions  # type: ignore[import-untyped]
from dbt.cli.main import cli, dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache

from dagster_project.paths import replaced_file
from dagster_project.postgres import FORMATS, set_all
from dagster_project.unify.dbt_command import DATABASE_VARIABLE, MANIFEST, URL_VARIABLE

FAILED = 1
MOST_CODES = 100
LOST = "08006"
"""Stands for an error without a SQLSTATE: there was no server to give one."""
# How Python writes an error of the operating system, which dbt keeps as text, too.
_ERRNO = re.compile(r"\[Errno (\d+)\]")
# The rest of the line stands in the URL, or where libpq looks otherwise.
_OWN_PARAMETERS = ("application_name", "connect_timeout", "keepalives_idle")


codes: list[str | int] = []
"""SQLSTATE or errno of each error of the command that this process runs."""


class CodedCursor(psycopg2.extensions.cursor):  # type: ignore[misc]
    """A cursor that keeps the SQLSTATE of what fails."""

    def execute(self, *arguments: Any) -> None:  # noqa: ANN401  the driver ships no types
        """Execute a statement."""
        try:
            super().execute(*arguments)
        except psycopg2.Error as error:
            codes.append(error.pgcode or LOST)
            raise


class KeptSession(psycopg2.extensions.connection):  # type: ignore[misc]
    """A session that waits for the next node; dbt closes one after each."""

    waiting: "list[KeptSession]"

    def close(self) -> None:
        """Leave nothing of the node in it, and put it where the next one looks."""
        try:
            self.rollback()
            with self.cursor(cursor_factory=psycopg2.extensions.cursor) as cursor:
                cursor.execute("discard temp")
            self.commit()
        except psycopg2.Error:
            super().close()
        else:
            self.waiting.append(self)


def connect_by_url() -> None:
    """Let dbt's driver connect by the URL of the environment, as psycopg does in this project.

    dbt's profile knows a few of libpq's parameters and sets some that nobody asked for: an sslmode
    and an empty password would win over PGSSLMODE and PGPASSWORD.
    """
    by_parameters = psycopg2.connect
    waiting: list[KeptSession] = []

    def connect(**parameters: Any) -> Any:  # noqa: ANN401  the driver ships no types
        with suppress(IndexError):
            return waiting.pop()
        own = {name: parameters[name] for name in _OWN_PARAMETERS if name in parameters}
        try:
            session = by_parameters(
                os.environ[URL_VARIABLE],
                connection_factory=KeptSession,
                cursor_factory=CodedCursor,
                client_encoding="utf8",
                **own,
            )
            session.waiting = waiting
            session.autocommit = True
            with session.cursor() as cursor:
                cursor.execute(set_all(FORMATS, is_local=False).as_string())
            session.autocommit = False
        except psycopg2.Error as error:
            codes.append(error.pgcode or LOST)
            raise
        return session

    psycopg2.connect = connect


def main() -> None:
    """Parse the project once, then serve commands until the input ends."""
    connect_by_url()
    # dbt would do so in each fork.
    import_module("dbt.task.build")
    # dbt prints; standard output is for answers only.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    files = ""
    manifest: Manifest | None = None
    used: list[str] = []
    for line in sys.stdin:
        command = json.loads(line)
        if manifest is None or command["files"] != files:
            files, manifest = command["files"], _parse(command)
            used = []
        if manifest is None:
            answer: dict[str, Any] = {"exit_code": FAILED, "codes": codes, "results": []}
        elif not command["arguments"]:
            answer = _write(manifest, Path(command["output"]).with_name(MANIFEST))
        else:
            for macro in used:
                template_cache.get_node_template(manifest.macros[macro])
            answer = _run(manifest, command)
            used = answer.pop("macros")
        print(json.dumps(answer), file=answers, flush=True)


def _parse(command: dict[str, Any]) -> Manifest | None:
    codes.clear()
    os.environ.update(command["environment"])
    # One parsed project serves every warehouse; _execute() names the database.
    os.environ.pop(DATABASE_VARIABLE, None)
    kept = Path(command["parsed"])
    # dbt itself tells whether what was kept is of these files and this version of dbt.
    begin_with = ("--partial-parse-file-path", str(kept)) if kept.exists() else ()
    parsed = dbtRunner().invoke(["--quiet", *begin_with, "parse"])
    if isinstance(parsed.result, Manifest):
        # Where there is no room for it the next process parses anew, and works all the same.
        with suppress(OSError), replaced_file(kept) as unfinished:
            shutil.copyfile(Path(os.environ["DBT_TARGET_PATH"]) / kept.name, unfinished)
        return parsed.result
    _note_text(str(parsed.exception))
    with suppress(OSError):
        Path(command["output"]).write_text(str(parsed.exception), encoding="utf-8")
    return None


def _write(manifest: Manifest, path: Path) -> dict[str, Any]:
    try:
        manifest.writable_manifest().write(str(path))
    except OSError as error:
        return {"exit_code": FAILED, "codes": [error.errno or 0], "results": []}
    return {"exit_code": 0, "codes": [], "results": []}


def _run(manifest: Manifest, command: dict[str, Any]) -> dict[str, Any]:
    ended, open_in_child = os.pipe()
    child = os.fork()
    if child == 0:
        exit_code, results = _execute(manifest, command)
        # Not by a file: the disk may be what is full.
        with os.fdopen(open_in_child, "w") as answer:
            macros = _compiled_macros(manifest)
            json.dump({"codes": codes[:MOST_CODES], "results": results, "macros": macros}, answer)
        os._exit(exit_code)
    os.close(open_in_child)
    readable, _, _ = select.select([sys.stdin, ended], [], [])
    if sys.stdin in readable:
        # Nothing is sent while a command runs, so this is the end of the input.
        os.kill(child, signal.SIGKILL)
    with os.fdopen(ended, "rb") as told:
        answer = json.loads(told.read() or '{"codes": [], "results": [], "macros": []}')
    _, status = os.waitpid(child, 0)
    return {"exit_code": os.waitstatus_to_exitcode(status), **answer}


def _compiled_macros(manifest: Manifest) -> list[str]:
    # What the next fork would compile again takes a fifth of a usual command.
    compiled = template_cache.file_cache
    return [name for name, macro in manifest.macros.items() if macro.macro_sql in compiled]


def _execute(manifest: Manifest, command: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    codes.clear()
    os.environ.update(command["environment"])
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        node.database = os.environ.get(DATABASE_VARIABLE, node.database)
    try:
        with Path(command["output"]).open("w", encoding="utf-8") as output:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
            finished = dbtRunner(manifest=manifest).invoke(command["arguments"])
            done = getattr(finished.result, "results", ())
            for node in done:
                _note_text(str(node.message))
            if finished.exception is not None:
                _note_text(str(finished.exception))
                sys.stdout.write(f"{finished.exception}\n")
            sys.stdout.flush()
    except OSError as error:
        codes.append(error.errno or 0)
        return FAILED, []
    results = [
        {
            "unique_id": one.node.unique_id,
            "status": one.status.value,
            "seconds": one.execution_time,
            "failures": one.failures,
            "message": one.message or "",
        }
        for one in done
    ]
    return 0 if finished.success else FAILED, results


def _note_text(text: str) -> None:
    codes.extend(int(number) for number in _ERRNO.findall(text))


if __name__ == "__main__":
    if sys.argv[1:]:
        connect_by_url()
        cli(prog_name="beacon dbt")
    main()

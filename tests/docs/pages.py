"""The fenced commands of a page as one script, in their order, with what stands for its examples.

Belongs here: which commands cannot run in a test, and why; what a name of an example becomes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt

from dagster_project.paths import PROJECT_DIR

PAGES = (
    "README.md",
    "docs/tour.md",
    "docs/analyst.md",
    "docs/portal.md",
    "docs/operator.md",
    "docs/metrics.md",
    "docs/command_line.md",
    "docs/operations.md",
    "docs/deploy.md",
    "docs/rollout.md",
)
"""Every page with fenced blocks; README first, because it makes the demo of all others."""

_DBT = "tests/unify/test_dbt_by_hand.py runs show, test and docs on a pipeline"
_LAUNCHED = "tests/cli/test_backfill.py and tests/browser launch such runs"
_UI = "until Ctrl-C; tests/browser/test_strangers.py asks a running one, /healthz included"
_HOSTS = "needs workers on hosts of their own: tests/distributed has them"
_AS_ROOT = "as root, on a machine of its own; tests/install builds the wheel and checks the units"
NOT_RUN = {
    "make test": "this test is a part of it",
    "beacon ui": _UI,
    "curl --fail http://127.0.0.1:3000/healthz": _UI,
    "beacon dbt": _DBT,
    "dagster asset materialize": _LAUNCHED,
    "dagster job backfill": _LAUNCHED,
    "dg launch": _LAUNCHED,
    'beacon forget --job ID --reason "asked by letter"  ': "asks at a terminal: tests/forget",
    "useradd": _AS_ROOT,
    "python3 -m venv /opt/beacon": _AS_ROOT,
    "/opt/beacon/bin/": _AS_ROOT,
    "install ": _AS_ROOT,
    "systemctl": _AS_ROOT,
    "dagster-celery worker start": _HOSTS,
    "dagster-daemon run": _HOSTS,
    "beacon backfill --launch": _HOSTS,
    "docker compose up": "there is no engine; tests/install/test_deploy.py checks the file",
}
"""Beginnings of lines that no page's script runs, each with the reason and what checks it instead.

Blocks in other languages than ``LANGUAGES`` are configuration of other programs.
"""

STANDS_FOR = {
    r"\bID\b": '"$(an_id)"',
    r"bias-detection-…": "$(an_id)",
    r"region EU 1760\b": "region EU bias",
    # Sixty jobs are too few for it.
    r"(?<=--verdict )difference_detected": "inconclusive",
    r"'mailtos://[^']*'": '"$ALERTS"',
    r"/var/lib/node_exporter/": "",
    # No daemon lives here; of one that does, tests/browser/test_strangers.py asks.
    r"^beacon health": "! beacon health",
    # A person fills the file between the two commands.
    r"^beacon label --import": "fill_labels to_label.csv; beacon label --import",
}
"""What a pattern of the pages becomes. Host names stay: libpq is told where every host is."""

ONCE = {"beacon doctor": "README.md", "beacon setup": "README.md"}
"""What pages say again and again, each for many seconds: run where that page says it first."""

SQL_AS = {
    "README.md": "as_role beacon_analyst",
    "docs/analyst.md": "as_role beacon_analyst",
    "docs/portal.md": "as_role beacon_portal",
    "docs/metrics.md": "as_role none",
    "docs/operations.md": "as_role none",
    "docs/rollout.md": 'psql "$RUNNER_OWNER_URL" -qv ON_ERROR_STOP=1',
}
"""What runs the SQL of a page, as whom: on the warehouse, or on the runner's database."""

PRELUDE = r"""
set -eu -o pipefail
an_id() {
    beacon jobs --json --state analysed --limit 1 |
    python -c 'import json, sys; print(json.load(sys.stdin)["jobs"][0]["job_id"])'
}
as_role() {
    { echo "set role $1;"; cat; } | beacon psql -- -qv ON_ERROR_STOP=1
}
fill_labels() {
    python -c 'import polars, sys; file, = sys.argv[1:]
polars.read_csv(file).with_columns(label=polars.lit("substantive")).write_csv(file)' "$1"
}
exec 9> "$TRACE"
BASH_XTRACEFD=9
PS4='+ $EPOCHREALTIME '
set -x
"""

LANGUAGES = ("sh", "sql")
_MARK = "page"


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    language: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in their order."""
    for token in MarkdownIt().parse((PROJECT_DIR / page).read_text(encoding="utf-8")):
        if token.type == "fence" and token.map:
            yield Block(page, token.map[0] + 1, token.info, token.content)


def script(page: str) -> str:
    """Return a page as one script of bash; it stops at the first command that fails."""
    lines = "".join(_runnable(block) for block in blocks(page)).splitlines(keepends=True)
    said = [line.partition("#")[0].strip() for line in lines]
    kept = [
        line
        for at, line in enumerate(lines)
        if said[at] not in ONCE or (page == ONCE[said[at]] and said[at] not in said[:at])
    ]
    return "".join([PRELUDE, *kept, f": {_MARK} end\n"])


def _runnable(block: Block) -> str:
    lines = [_line(line) for line in block.text.splitlines(keepends=True)]
    text = "".join(lines)
    if block.language == "sql":
        text = f"{SQL_AS[block.page]} <<SQL\n{text}\nSQL\n"
    elif block.language != "sh":
        text = ""
    return f": {_MARK} {block.page}:{block.line}\n{text}"


def _line(line: str) -> str:
    if line.startswith(tuple(NOT_RUN)):
        return ""
    for pattern, stand_in in STANDS_FOR.items():
        line = re.sub(pattern, stand_in, line)
    return line


@dataclass(frozen=True)
class Step:
    """A command that ran, as the shell understood it, and what it took."""

    command: str
    seconds: float


def steps(trace: Path) -> list[Step]:
    """Read what bash wrote with ``PS4='+ $EPOCHREALTIME '``; the last step is the end itself."""
    found = re.findall(r"^\+ ([\d.]+) (.*)$", trace.read_text(encoding="utf-8"), re.MULTILINE)
    starts = [(float(at), command) for at, command in found]
    return [
        Step(command, after - at)
        for (at, command), (after, _) in pairwise(starts)
        if not command.startswith(f": {_MARK}")
    ]

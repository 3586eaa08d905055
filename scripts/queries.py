"""The page of the analysts' queries, made from ``sql/analyst``: question, grain, SQL, result."""

import re
from hashlib import sha256
from pathlib import Path

from dagster_project.postgres import sql_files

INTRODUCTION = """# Queries

Each is a file of `sql/analyst` and runs as it stands in `beacon psql`, in a login of
`beacon connect`, and in the DuckDB file of a snapshot after `set timezone = 'UTC'`. Below each
is what it returned on a demo of 600 jobs: synthetic, it says nothing about any model.
"""
PICTURES = Path("images", "queries")
"""Below ``docs``; `make pictures` draws them."""

_FIELD = re.compile(r"^-- ([A-Z]\w+): +", re.MULTILINE)


def queries() -> str:
    """Return the page, in the order of the files."""
    return "\n".join([INTRODUCTION, *map(_section, sql_files("analyst"))])


def fields(path: Path) -> dict[str, str]:
    """Return what the head of a query says, by field: Question, Grain, perhaps Change and Note."""
    head = "".join(
        line
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
        if line.startswith("--")
    )
    _, *parts = _FIELD.split(head)
    texts = [" ".join(part.replace("--", " ").split()) for part in parts[1::2]]
    return dict(zip(parts[::2], texts, strict=True))


def digest(path: Path) -> str:
    """Return what tells a picture of this query from one of what it was before."""
    return sha256(path.read_bytes()).hexdigest()[:8]


def _section(path: Path) -> str:
    said = fields(path)
    question = said.pop("Question")
    lines = "\n".join(f"- **{name}**: {text}" for name, text in said.items())
    statement = path.read_text(encoding="utf-8").rstrip()
    heading = f"## {question[0].upper()}{question[1:]}\n\n`{path.name}`"
    picture = f"![First rows of the result on the demo]({PICTURES / path.stem}.svg)"
    return f"{heading}\n\n{lines}\n\n```sql\n{statement}\n```\n\n{picture}\n"

"""A page as HTML: one file that needs nothing else, in which foreign text can do nothing.

Why it is inert: every value is escaped, the charts are drawings, and the page's own policy forbids
scripts, loads and any style but the one below (docs/decisions/0040-a-report-without-scripts.md).
"""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dagster_project.deliver.report.texts import visible
from dagster_project.deliver.report.view import Page
from dagster_project.deliver.report.wording import REGIONS, VERDICTS

TEMPLATES = Path(__file__).with_name("templates")


def page_html(page: Page) -> str:
    """Return a page as a complete HTML document.

    Args:
        page: What it shows; texts may hold anything.

    Returns:
        The document, to be written as UTF-8.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True,
        finalize=_made_visible,
        loader=FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(regions=REGIONS, verdicts=tuple(VERDICTS.items()))
    return environment.get_template("page.html.j2").render(
        page=page, policy=_policy(style), style=style
    )


def _policy(style: str) -> str:
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _made_visible(value: object) -> object:
    # Markup is the page's own; everything else may come from a model.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

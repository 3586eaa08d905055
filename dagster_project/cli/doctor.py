"""The command ``beacon doctor``: what it shows and returns to the shell."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.shared import FAILED, HOST, UI_PORT, AsJson, print_json
from dagster_project.console import out, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_project.doctor.finding import Finding


def doctor(
    *,
    as_json: AsJson = False,
    alert: Annotated[
        bool, typer.Option("--alert", help="Send a test message to each of BEACON_ALERT_URLS.")
    ] = False,
) -> None:
    """Find what keeps the pipeline from working, and say what to do about it.

    Looks at this machine, both servers, privileges, tables and columns. Changes nothing. Exit
    code 1 when something fails; a warning leaves it 0.
    """
    from dagster_project.doctor.examine import examine
    from dagster_project.doctor.finding import Level
    from dagster_project.settings import Settings

    findings = list(examine(Settings(), (HOST, UI_PORT), send_alert=alert))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.level is Level.FAIL for finding in findings):
        raise typer.Exit(FAILED)


def _print(findings: "Sequence[Finding]") -> None:
    rows = [
        (one.level.value, one.check, one.found + (f"\n→ {one.remedy}" if one.remedy else ""))
        for one in findings
    ]
    out.print(table("Doctor", ["state", "looked at", "found"], rows))

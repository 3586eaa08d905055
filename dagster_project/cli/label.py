"""The command ``beacon label``: answers to label, their labels, and what these say of the rules."""

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.shared import USAGE, fail, warehouse_databases
from dagster_project.console import out, table


def label(
    *,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, help="Write so many answers to label.")
    ] = None,
    output: Annotated[
        Path, typer.Option(help="Where: CSV, NDJSON or Parquet by its ending.")
    ] = Path("to_label.csv"),
    with_evidence: Annotated[
        bool, typer.Option("--with-evidence", help="Show what the rules say; it sways people.")
    ] = False,
    filled: Annotated[
        Path | None, typer.Option("--import", exists=True, dir_okay=False, help="A filled file.")
    ] = None,
    labeller: Annotated[str | None, typer.Option("--by", help="Who filled it.")] = None,
) -> None:
    """Measure the refusal rules on your own answers, and correct rates by it.

    Without an option: how well refusals are told, by language and by your own labels.
    """
    from dagster_project.analyse.labels import import_labels, write_sample
    from dagster_project.analyse.window import judge_again
    from dagster_project.backfill.stages import present_versions
    from dagster_project.settings import Settings
    from dagster_project.warehouse import steady_setup

    if filled is not None and not labeller:
        fail("Say who labelled: beacon label --import FILE --by NAME", USAGE)
    with warehouse_databases(Settings()) as urls:
        if sample is not None:
            written = write_sample(urls.warehouse, output, sample, with_evidence=with_evidence)
            out.print(
                f"{written:,} answers in {output}. Fill the column label with substantive, refusal "
                f"or partial_refusal, then: beacon label --import {output} --by NAME",
                soft_wrap=True,
                highlight=False,
            )
            return
        if filled is not None and labeller:
            with steady_setup(urls.warehouse, present_versions()):
                done = import_labels(urls.warehouse, filled, labeller)
                judge_again(urls.warehouse)
            out.print(f"{done.labels:,} labels imported, {done.empty:,} rows without one.")
        _show_quality(urls.warehouse)


def _show_quality(url: str) -> None:
    """Print how well refusals are told, and how well people agree on them."""
    from dagster_project.analyse.labels import agreement
    from dagster_project.analyse.quality import told
    from dagster_project.analyse.window import read_classifier
    from dagster_project.postgres import connect

    with connect(url, application="label", read_only=True) as connection:
        quality = told(read_classifier(connection).quality)
        agreed = agreement(connection)
    rows = [
        (
            row["source"],
            f"{row['refusals']:.0f}",
            f"{row['sensitivity']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
            f"{row['others']:.0f}",
            f"{row['false_alarms']:.3f}",
        )
        for row in quality.to_dicts()
    ]
    headings = ["language, or model/region", "refusals", "of which told", "others", "false alarms"]
    out.print(table("How well the rules tell refusals", headings, rows))
    for one, other, answers, kappa in agreed:
        out.print(
            f"{one} and {other} agree on {answers:,} answers with kappa {kappa:.2f}",
            highlight=False,
        )

"""What a page shows, ready to be printed: values without behaviour.

Belongs here: the shape of a page. Does not belong here: where the numbers come from, or HTML.
"""

from dataclasses import dataclass, field
from typing import Literal

from dagster_project.deliver.report.texts import Piece

VerdictKind = Literal["difference_detected", "equivalent", "inconclusive", "insufficient_data"]


@dataclass(frozen=True)
class Verdict:
    """What is known about one model or job, in plain words.

    Attributes:
        subject: Whom it is about.
        kind: One of the four verdicts.
        label: The verdict in a few words.
        sentence: The numbers behind it.
        certainty: How sure it is, or what is missing.
    """

    subject: str
    kind: VerdictKind
    label: str
    sentence: str
    certainty: str


@dataclass(frozen=True)
class Fact:
    """A number at the top of the page.

    Attributes:
        value: The number, formatted.
        label: What it counts.
        note: Of how many, or why there is none.
    """

    value: str
    label: str
    note: str


@dataclass(frozen=True)
class Table:
    """A table; every cell is a text.

    Attributes:
        caption: What it shows and what one row is.
        headings: Of the columns.
        rows: Cells in the order of the headings; the first cell names the row.
        numeric: Positions of the columns that are aligned right.
    """

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A chart.

    Attributes:
        title: Heading of the panel.
        description: What the picture shows, for those who do not see it.
        svg: The picture; made by `charts`, never from text that somebody else wrote unescaped.
        note: Shown below; empty for nothing.
    """

    title: str
    description: str
    svg: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page with its own heading.

    Attributes:
        anchor: Id in the page.
        title: The question that it answers.
        lead: How to read it, one or two sentences.
        pictures: Charts, side by side where there is room.
        keys: Which legends the charts need.
        tables: The numbers behind the charts.
        notes: What is missing or must be known.
    """

    anchor: str
    title: str
    lead: str
    pictures: tuple[Picture, ...] = ()
    keys: tuple[Literal["regions", "verdicts", "divergence", "slots"], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One answer of a job.

    Attributes:
        region: Region that answered.
        state: substantive, refusal, partial_refusal, empty, technical_failure or unscored.
        label: The state in words.
        notes: What is special about it.
        first: Beginning of the text.
        rest: What follows, folded away.
        characters: Length of the stored text.
        is_cut: Whether the text is longer than what is shown.
        failure: Why there is no text; empty when there is one.
    """

    region: str
    state: str
    label: str
    notes: tuple[str, ...]
    first: tuple[Piece, ...]
    rest: tuple[Piece, ...]
    characters: int
    is_cut: bool
    failure: str


@dataclass(frozen=True)
class Exchange:
    """The answers of one model to one question, side by side.

    Attributes:
        anchor: Id in the page.
        question: Id of the question.
        category: Its category; empty when unknown.
        model: Id of the model.
        comparison: What the marks in the texts mean.
        answers: In the order of the regions.
    """

    anchor: str
    question: str
    category: str
    model: str
    comparison: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Page:
    """A whole report.

    Attributes:
        title: Of the document.
        subtitle: Which days or which job.
        origin: Which jobs the platform did not run; empty when it ran all.
        provenance: What the page was made from: versions, rows, time.
        summary: The answer in one sentence.
        facts: Numbers at the top.
        verdicts: What is known.
        unknowns: What is not known.
        sections: In reading order.
        exchanges: Answers side by side; only of one job.
        exchanges_note: What is left out of them; empty for nothing.
    """

    title: str
    subtitle: str
    origin: str
    provenance: str
    summary: str
    facts: tuple[Fact, ...]
    verdicts: tuple[Verdict, ...]
    unknowns: tuple[str, ...]
    sections: tuple[Section, ...]
    exchanges: tuple[Exchange, ...] = field(default=())
    exchanges_note: str = ""

"""Which problems there are, who was told of them, and telling the others.

A problem is told once to each target when it begins and once when it is over. What was told stands
in ``ops.alerts``, so that neither a restart nor a second daemon repeats it; a message that was not
delivered is pending until it is. Belongs here: problems and messages. Does not belong here: finding
out which days are late and which checks fail (orchestrate/checks.py).
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import apprise
import psycopg
from psycopg.rows import TupleRow, class_row

from dagster_project.console import visible
from dagster_project.postgres import connect, only_row, read_sql
from dagster_project.settings import Settings
from dagster_project.stage import StageError

DAY = "day"
SHOWN = 20
"""Problems that one message lists; the others are counted."""
SEND_TIMEOUT_S = 10
"""A target that does not answer keeps a tick, which has a minute, for so long."""

# Its lines may quote the URLs. Not `disabled`, which whoever configures logging resets.
logging.getLogger(apprise.logger.name).addFilter(lambda _: False)

Connection = psycopg.Connection[TupleRow]


class AlertError(StageError):
    """A target cannot be reached, or its URL cannot be read."""


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes:
        kind: DAY, ``late``, or the name of a check.
        subject: The job_day, or the name of the check.
        what: For a person; no content of any row.
        remedy: The command that mends it.
    """

    kind: str
    subject: str
    what: str
    remedy: str


@dataclass(frozen=True)
class Pending(Problem):
    """A problem that a target has to be told of, as it is now; times in UTC."""

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Target:
    """One of BEACON_ALERT_URLS.

    Attributes:
        name: Which one, and its kind: all of it that may be shown.
        mark: Tells it apart in ``ops.alerts``; the same when only a secret of it changes.
        service: Sends.
    """

    name: str
    mark: str
    service: apprise.NotifyBase

    def send(self, title: str, body: str, kind: apprise.NotifyType) -> bool:
        """Send a plain text; return whether it was delivered."""
        sender = apprise.Apprise(self.service)
        text = apprise.NotifyFormat.TEXT
        return bool(sender.notify(body, title, kind, text, timeout=SEND_TIMEOUT_S))


def targets(settings: Settings) -> list[Target]:
    """Return whom to tell; none when alerts are off.

    Raises:
        AlertError: apprise cannot read one of the URLs.
    """
    urls = settings.alert_urls.get_secret_value().split() if settings.alert_urls else []
    asset = apprise.AppriseAsset(app_id="Beacon", app_desc="Beacon Analytics", app_url="")
    found: list[Target] = []
    seen: Counter[str] = Counter()
    for number, url in enumerate(urls, start=1):
        service = apprise.Apprise.instantiate(url, asset=asset)
        if service is None:
            raise AlertError(
                f"Number {number} of BEACON_ALERT_URLS is no URL that apprise can read. Nobody was "
                "told. Forms: https://appriseit.com"
            )
        # Without its secrets; two that differ in nothing else are told apart by their order.
        shown: str = service.url(privacy=True)  # type: ignore[no-untyped-call]
        seen[shown] += 1
        digest = hashlib.sha256(f"{shown} {seen[shown]}".encode()).hexdigest()[:16]
        found.append(Target(f"number {number} ({service.protocol})", digest, service))
    return found


def try_out(target: Target) -> bool:
    """Send a test message; return whether it was delivered."""
    body = "A test. This is where failed days are told."
    return target.send("Beacon: test message", body, apprise.NotifyType.INFO)


def note(
    connection: Connection,
    found: Sequence[Problem],
    kinds: Collection[str],
    undecided: Collection[str] = (),
) -> None:
    """Record which problems of some kinds there are now.

    Args:
        connection: Session on the warehouse.
        found: All of them; each of one of the kinds.
        kinds: What was looked at.
        undecided: Subjects of which nobody knows: their problems neither begin nor end.
    """
    connection.execute(
        read_sql("deliver/alerts/note.sql"),
        {
            "found_kinds": [one.kind for one in found],
            "subjects": [one.subject for one in found],
            "whats": [one.what for one in found],
            "remedies": [one.remedy for one in found],
            "kinds": list(kinds),
            "undecided": list(undecided),
        },
    )


def note_days(connection: Connection) -> None:
    """Record which days are failed or quarantined, as the ledger says."""
    rows = connection.execute(read_sql("deliver/alerts/bad_days.sql")).fetchall()
    remedy = "beacon status says why; then: beacon backfill --only failed"
    found = [
        Problem(DAY, day, what, remedy) for day, is_undecided, what in rows if not is_undecided
    ]
    note(connection, found, [DAY], [day for day, is_undecided, _ in rows if is_undecided])


def tell(url: str, told: Sequence[Target]) -> int:
    """Send what is pending, a message per target for all that began and one for all that is over.

    Args:
        url: libpq URL of the warehouse, as owner.
        told: Whom.

    Returns:
        How many messages were delivered; 0 also while another session is about it.

    Raises:
        AlertError: Some were not; names the targets. The next call tries them again.
    """
    sent, failed = 0, []
    with connect(url, application="alerts") as connection:
        # What was told is recorded at once: whatever ends this call, it is not told again.
        connection.autocommit = True
        lock = "select pg_try_advisory_lock(hashtextextended('alerts', 1))"
        if only_row(connection.execute(lock)) != (True,):
            return 0
        for target in told:
            for is_end, problems in _pending(connection, target):
                if not target.send(*_message(problems, is_end=is_end)):
                    failed.append(target.name)
                    break
                sent += 1
                connection.execute(
                    read_sql("deliver/alerts/told.sql"),
                    {
                        "kinds": [one.kind for one in problems],
                        "subjects": [one.subject for one in problems],
                        "target": target.mark,
                        "is_end": is_end,
                    },
                )
        connection.execute(
            "delete from ops.alerts where ended_at is not null and told_end @> %s",
            ([target.mark for target in told],),
        )
    if failed:
        raise AlertError(
            f"Not delivered to {', '.join(failed)} of BEACON_ALERT_URLS. The messages wait for the "
            "next tick. To try the URLs: beacon doctor --alert"
        )
    return sent


def _pending(connection: Connection, target: Target) -> Iterator[tuple[bool, list[Pending]]]:
    """Yield what is over and what began, where there is any, each with whether it is over."""
    with connection.cursor(row_factory=class_row(Pending)) as cursor:
        statement = read_sql("deliver/alerts/pending.sql")
        rows = cursor.execute(statement, {"target": target.mark}).fetchall()
    for is_end in (True, False):
        problems = [one for one in rows if (one.ended_at is not None) is is_end]
        if problems:
            yield is_end, problems


def _message(problems: Sequence[Pending], *, is_end: bool) -> tuple[str, str, apprise.NotifyType]:
    what = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    title = f"Beacon: {what} over" if is_end else f"Beacon: {what}"
    lines = [_over(one) if is_end else f"- {one.what}\n  {one.remedy}" for one in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"and {len(problems) - SHOWN} more: beacon status")
    kind = apprise.NotifyType.SUCCESS if is_end else apprise.NotifyType.FAILURE
    return title, visible("\n".join(lines)), kind


def _over(problem: Pending) -> str:
    return f"- over: {problem.what}, seen since {problem.began_at:%Y-%m-%d %H:%M} UTC"

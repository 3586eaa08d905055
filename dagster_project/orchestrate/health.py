"""Whether Dagster's daemon lives, as its heartbeats in the instance say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

TOLERANCE = timedelta(minutes=5)
"""A heartbeat is due every 30 seconds, and later while a tick takes its time; Dagster's own limit,
half an hour, is that of a page that people look at."""


@dataclass(frozen=True)
class Heartbeat:
    """One of the daemon's parts.

    Attributes:
        daemon: Its name in Dagster.
        last_seen: Its latest heartbeat, UTC; None when there never was one.
        is_live: Whether that was within TOLERANCE.
    """

    daemon: str
    last_seen: datetime | None
    is_live: bool


def as_document(found: Sequence[Heartbeat]) -> dict[str, dict[str, object]]:
    """Return each part's state as JSON has it, for the command and for ``/healthz``."""
    return {
        one.daemon: {
            "live": one.is_live,
            "last_seen": one.last_seen.isoformat() if one.last_seen else None,
        }
        for one in found
    }


def heartbeats(instance: dg.DagsterInstance, now: datetime) -> Sequence[Heartbeat]:
    """Return the heartbeat of every part of the daemon that the instance needs, by name."""
    found = []
    for name, status in sorted(instance.get_daemon_statuses().items()):
        beat = status.last_heartbeat
        seen = None if beat is None else datetime.fromtimestamp(beat.timestamp, UTC)
        found.append(Heartbeat(name, seen, seen is not None and now - seen <= TOLERANCE))
    return found

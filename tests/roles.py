"""Sessions as another role of a throw-away server."""

from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

PASSWORD = token_hex()


def url_as(url: str, role: str) -> str:
    """Set the role's password and return the same database's URL for it."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
        )
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}").geturl()

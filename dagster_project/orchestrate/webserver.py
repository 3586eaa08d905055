"""Dagster's webserver behind a guard: ``python -m dagster_project.orchestrate.webserver``.

Dagster takes mutations by GET, by forms and over WebSockets, from any page and under any host name.
Whoever lures an operator to a page of his own could so launch runs through the operator's browser.
The guard stands before every route and lets in what the UI itself and programs send
(docs/decisions/0061-a-guard-before-the-ui.md). Arguments are those of ``dagster-webserver``, and
``--allowed-host`` once per name under which a reverse proxy serves it. ``/healthz`` says whether
the daemon beside it lives.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster_webserver.app
from dagster_webserver.cli import dagster_webserver as command
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dagster_project.orchestrate.health import as_document, heartbeats

LOCAL_HOSTS = ("127.0.0.1", "localhost")
_READS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Refuses what another site makes a browser send, and writes that are not plain JSON posts."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 with the reason, or pass the request on; a WebSocket is refused likewise."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    # Beside Dagster's own policy: a browser obeys both.
                    headers.append(name, value)
            await send(message)

        reason = refusal(scope)
        answer = self._app if reason is None else PlainTextResponse(reason, status_code=403)
        await answer(scope, receive, send_guarded)


def refusal(scope: Scope) -> str | None:
    """Return why a request must not reach Dagster; None when it may.

    A program that is no browser sends neither ``Origin`` nor ``Sec-Fetch-Site`` and is let in:
    whatever it may do, it may do without this server, too.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    # The scheme does not count: a reverse proxy ends TLS.
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return f"A page of another origin ({origin}) may not use this server."
    if headers.get("sec-fetch-site", "none") not in _OWN_SITES and not _is_link(scope, headers):
        return "A page of another site may not use this server."
    if scope["type"] == "websocket":
        return None
    return _refusal_of_write(scope, headers)


def _refusal_of_write(scope: Scope, headers: Headers) -> str | None:
    is_read = scope["method"] in _READS
    # Dagster's own pages write the operation's name there, for whoever reads the requests.
    if scope["path"].endswith("/graphql") and set(QueryParams(scope["query_string"])) - {"op"}:
        return "GraphQL is taken in the body of a POST only."
    if not is_read and headers.get("content-type") != "application/json":
        return "A POST must be application/json."
    return None


def _is_link(scope: Scope, headers: Headers) -> bool:
    """Tell whether somebody followed a link: the other site sees nothing of the page."""
    return (
        scope.get("method") == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def guarded(allowed_hosts: Sequence[str]) -> type[DagsterWebserver[Any, Any]]:
    """Return Dagster's webserver with the guard before its own middleware."""

    class GuardedWebserver(DagsterWebserver[Any, Any]):
        def build_middleware(self) -> list[Middleware]:
            hosts = [*LOCAL_HOSTS, *allowed_hosts]
            return [
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
                Middleware(Guard),
                *super().build_middleware(),
            ]

        def build_routes(self) -> list[BaseRoute]:
            routes: list[BaseRoute] = super().build_routes()  # type: ignore[no-untyped-call]
            return [Route("/healthz", self.healthz), *routes]

        def healthz(self, _request: Request) -> JSONResponse:
            """Answer 200 while the daemon lives, and else 503, with each part's heartbeat."""
            found = heartbeats(self._process_context.instance, datetime.now(UTC))
            is_live = all(one.is_live for one in found)
            return JSONResponse(as_document(found), status_code=200 if is_live else 503)

    return GuardedWebserver


def main() -> None:
    """Serve until the process is asked to stop."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--allowed-host", action="append", default=[])
    options, rest = parser.parse_known_args()
    # The class that the command serves; its own middleware is meant to be overridden.
    dagster_webserver.app.DagsterWebserver = guarded(options.allowed_host)  # type: ignore[attr-defined]
    command(rest, prog_name="beacon ui")


if __name__ == "__main__":
    main()

"""The HTTP face: one ASGI application that changes from "starting" to "ready" and to "stopping".

Before the store is open only health, metrics and replay progress answer; every other path says 503, as in
Prometheus. Around both stand, from the outside in: counting, compression, cross-origin headers and the route
prefix.
"""

import re
import time
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernels import Regex
from server.metrics.registry import SelfMetrics
from server.web.compression import Compression
from server.web.envelope import ApiError, failure, plain
from server.web.labels import labels_router
from server.web.lifecycle import always_router, lifecycle_router
from server.web.query import Questions, query_router
from server.web.services import Services
from server.web.status import replay_router, status_router
from server.web.targets import targets_router
from tsdb.replay import ReplayProgress

API = "/api/v1"
CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Expose-Headers": "Date",
}


def _bare_app() -> FastAPI:
    app = FastAPI(title="Cardinal", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    async def api_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return failure(error)

    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            return plain("404 page not found\n", 404)
        if error.status_code == 405:
            allowed = sorted({"OPTIONS", *re.split(r",\s*", (error.headers or {}).get("Allow", "GET"))})
            return plain("Method Not Allowed\n", 405, {"Allow": ", ".join(allowed)})
        return plain(f"{error.detail}\n", error.status_code)

    app.add_exception_handler(ApiError, api_error)
    app.add_exception_handler(HTTPException, http_error)
    return app


def starting_app(
    metrics: SelfMetrics, progress: Callable[[], ReplayProgress], *, stopping: bool = False
) -> FastAPI:
    """What answers while the store is being opened, and again while it is being closed."""
    app = _bare_app()
    app.include_router(always_router(metrics))
    app.include_router(replay_router(progress), prefix=API)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "HEAD"])
    async def unavailable() -> Response:
        state = "true" if stopping else "false"
        return plain("Service Unavailable", 503, {"X-Prometheus-Stopping": state})

    return app


def ready_app(services: Services, questions: Questions, progress: Callable[[], ReplayProgress]) -> FastAPI:
    """What answers once the store is open."""
    app = _bare_app()
    app.include_router(always_router(services.metrics))
    app.include_router(lifecycle_router(services))
    for router in (
        query_router(questions),
        labels_router(services.database, questions),
        targets_router(services),
        status_router(services),
        replay_router(progress),
    ):
        app.include_router(router, prefix=API)
    return app


class Gateway:
    """The outermost application. `inner` may be replaced at any time; a request stays with the one it met."""

    def __init__(self, metrics: SelfMetrics, inner: ASGIApp, *, cors_origin: str, prefix: str) -> None:
        self.inner = inner
        self._metrics = metrics
        self._origin = Regex(cors_origin)
        self._prefix = prefix.rstrip("/")
        self._packed = Compression(self._route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began_s = time.perf_counter()
        status, size = 500, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_cors(scope, message)
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._packed(scope, receive, counted)
        finally:
            handler = self._handler(scope)
            self._metrics.http.note(handler, status, time.perf_counter() - began_s, size)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if self._prefix:
            if path == "/":
                await RedirectResponse(self._prefix, 302)(scope, receive, send)
                return
            if not path.startswith(self._prefix):
                await plain("404 page not found\n", 404)(scope, receive, send)
                return
            path = path.removeprefix(self._prefix) or "/"
            scope = {**scope, "path": path}
        if scope["method"] == "OPTIONS" and path.startswith(API):
            await Response(status_code=204)(scope, receive, send)
            return
        await self.inner(scope, receive, send)

    def _handler(self, scope: Scope) -> str:
        """The path as a label: what nobody serves is one value, lest callers make series."""
        path: str = scope["path"].removeprefix(self._prefix)
        if path.startswith(f"{API}/label/"):
            return f"{API}/label/:name/values"
        return path if path in KNOWN_PATHS else "other"

    def _add_cors(self, scope: Scope, message: Message) -> None:
        if not scope["path"].startswith(self._prefix + API):
            return
        headers = MutableHeaders(raw=message["headers"])
        headers.add_vary_header("Origin")
        origin = Headers(scope=scope).get("origin")
        if origin is not None:
            for name, value in CORS.items():
                headers[name] = value
            if self._origin.matches([origin])[0]:
                headers["Access-Control-Allow-Origin"] = origin
        message["headers"] = headers.raw


KNOWN_PATHS = frozenset(
    (
        *("/", "/graph", "/metrics", "/version", "/-/healthy", "/-/ready", "/-/reload", "/-/quit"),
        *(
            f"{API}/{name}"
            for name in (
                *("query", "query_range", "format_query", "labels", "series", "targets", "targets/metadata"),
                *("metadata", "scrape_pools", "status/config", "status/flags", "status/buildinfo"),
                *("status/runtimeinfo", "status/tsdb", "status/walreplay"),
            )
        ),
    )
)

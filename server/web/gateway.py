"""The outermost application: counts requests, packs answers, speaks to browsers, strips the route prefix.

What it passes requests on to is changed from "starting" to "ready" and to "stopping" while it runs.

Source: HTTP API reference, sections 1.1, 1.5 and 10.
"""

import logging
import time
from functools import lru_cache
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from kernels import Regex
from server.metrics.http import HttpMetrics
from server.web.compression import Compression
from server.web.envelope import plain

logger = logging.getLogger(__name__)

API: Final = "/api/v1"
VARY: Final = (b"vary", b"Origin")
CORS: Final = (
    (b"access-control-allow-headers", b"Accept, Authorization, Content-Type, Origin"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-expose-headers", b"Date"),
)
VALUES_PATH: Final = f"{API}/label/:name/values"
CLIENT_GONE: Final = 499
NOBODY: Final = "other"
"""What nobody serves is one value of the label `handler`, lest callers make series."""


class Gateway:
    """One per server. A request stays with the application that it met."""

    def __init__(self, inner: Starlette, metrics: HttpMetrics, *, cors_origin: str, prefix: str) -> None:
        self._metrics = metrics
        self._prefix = prefix
        self._api = prefix + API
        self._packed = Compression(self._route)
        origins = Regex(cors_origin)
        self._is_welcome = lru_cache(256)(lambda origin: bool(origins.matches([origin])[0]))
        self.change(inner)

    def change(self, inner: Starlette) -> None:
        """Answer from `inner` from now on."""
        self._inner = inner
        self._paths = frozenset(route.path for route in inner.routes if isinstance(route, Route))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began_s = time.perf_counter()
        status = size = 0

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
        except ClientDisconnect:
            status = CLIENT_GONE  # Nobody is left to answer, and nothing is wrong with us.
        except Exception:
            # The answer says no more than that; what happened is for the log.
            logger.exception("answering %s %s", scope["method"], scope["path"])
            if not status:
                await plain("Internal Server Error\n", 500)(scope, receive, counted)
        finally:
            handler = self._handler(scope["path"])
            self._metrics.note(handler, status, time.perf_counter() - began_s, size)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if self._prefix:
            if path == "/":
                await RedirectResponse(self._prefix, 302)(scope, receive, send)
                return
            if path != self._prefix and not path.startswith(self._prefix + "/"):
                await plain("404 page not found\n", 404)(scope, receive, send)
                return
            path = path.removeprefix(self._prefix) or "/"
            scope = {**scope, "path": path}
        if scope["method"] == "OPTIONS" and path.startswith(API + "/"):
            await Response(status_code=204)(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    def _handler(self, path: str) -> str:
        path = path.removeprefix(self._prefix)
        if path in self._paths:
            return path
        return VALUES_PATH if path.startswith(f"{API}/label/") and path.endswith("/values") else NOBODY

    def _add_cors(self, scope: Scope, message: Message) -> None:
        if not scope["path"].startswith(self._api):
            return
        headers = [*message["headers"], VARY]
        origin = Headers(scope=scope).get("origin")
        if origin is not None:
            headers += CORS
            if self._is_welcome(origin):
                headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        message["headers"] = headers

"""Routes that answer exactly the methods they name.

Source: HTTP API reference, section 1.1: HEAD is not implied by GET.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]

ANY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")


def route(path: str, handler: Handler, *methods: str) -> Route:
    """`handler` at `path` for `methods`, GET where none is named."""
    made = Route(path, handler, methods=list(methods) or ["GET"])
    assert made.methods is not None
    if "HEAD" not in methods:
        made.methods.discard("HEAD")
    return made

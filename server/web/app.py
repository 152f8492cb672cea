"""The two applications: what answers while the store is being opened or closed, and what answers in between.

Handlers are plain functions of a request: Prometheus has words of its own for every parameter, so nothing is
left that a framework could check.

Source: HTTP API reference, sections 1.1 and 1.4.
"""

import re
from collections.abc import Callable, Sequence

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server.metrics.registry import SelfMetrics
from server.web.envelope import ApiError, ErrorType, failure, plain
from server.web.gateway import API
from server.web.labels import labels_routes
from server.web.lifecycle import always_routes, lifecycle_routes
from server.web.query import query_routes
from server.web.routes import ANY_METHOD, route
from server.web.services import Services
from server.web.status import replay_routes, status_routes
from server.web.targets import targets_routes
from tsdb.replay import ReplayProgress


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return failure(error)


async def _bug(_: Request, __: Exception) -> Response:
    """A mistake of ours: the caller hears that much, the log gets the rest from the gateway."""
    return failure(ApiError(ErrorType.INTERNAL, "unexpected error; the log of the server says which"))


async def _gone(_: Request, error: Exception) -> Response:
    """The caller left in the middle of a request; the gateway knows what that means."""
    raise error


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return plain("404 page not found\n", 404)
    if error.status_code == 405:
        allowed = sorted({"OPTIONS", *re.split(r",\s*", (error.headers or {}).get("Allow", "GET"))})
        headers = {"Allow": ", ".join(allowed)}
        if request.method == "OPTIONS":
            return Response(headers=headers)
        return plain("Method Not Allowed\n", 405, headers)
    return plain(f"{error.detail}\n", error.status_code)


def _app(routes: Sequence[Route]) -> FastAPI:
    app = FastAPI(
        title="Cardinal",
        routes=list(routes),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)
    app.add_exception_handler(ClientDisconnect, _gone)
    return app


def starting_app(
    metrics: SelfMetrics, progress: Callable[[], ReplayProgress], *, stopping: bool = False
) -> FastAPI:
    """What answers while the store is being opened, and again while it is being closed."""
    state = {"X-Prometheus-Stopping": "true" if stopping else "false"}

    async def unavailable(_: Request) -> Response:
        return plain("Service Unavailable", 503, state)

    return _app(
        [
            *always_routes(metrics),
            *replay_routes(API, progress),
            route("/{path:path}", unavailable, *ANY_METHOD),
        ]
    )


def ready_app(services: Services, progress: Callable[[], ReplayProgress]) -> FastAPI:
    """What answers once the store is open. The busiest routes stand first."""
    return _app(
        [
            *query_routes(API, services.questions),
            *labels_routes(API, services.database, services.questions),
            *always_routes(services.metrics),
            *lifecycle_routes(services),
            *targets_routes(API, services),
            *status_routes(API, services),
            *replay_routes(API, progress),
        ]
    )

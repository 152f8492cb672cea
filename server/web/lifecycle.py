"""Health, readiness, reload, shutdown, own metrics, and where a browser lands.

There are no pages yet: `/` and `/graph` lead to what says which server this is.

Source: HTTP API reference, section 10.
"""

from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from model.errors import ConfigError
from server.metrics.registry import SelfMetrics
from server.version import build_information
from server.web.envelope import plain
from server.web.gateway import API
from server.web.routes import ANY_METHOD, Handler, route
from server.web.services import Services

HOME = f"{API}/status/buildinfo"
CHANGES = ("POST", "PUT")


def always_routes(metrics: SelfMetrics) -> list[Route]:
    """What answers from the first moment on."""

    async def healthy(_: Request) -> Response:
        return plain("Prometheus Server is Healthy.\n")

    async def version(_: Request) -> Response:
        return Response(orjson.dumps(build_information()) + b"\n", media_type="text/plain")

    async def own_metrics(request: Request) -> Response:
        body, content_type = metrics.render(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return [
        route("/-/healthy", healthy, "GET", "HEAD"),
        route("/version", version),
        route("/metrics", own_metrics),
    ]


def _changing(services: Services, change: Handler) -> Handler:
    """`change` for those who may and who say POST or PUT."""

    async def guarded(request: Request) -> Response:
        if request.method not in CHANGES:
            return plain("Only POST or PUT requests allowed\n", 405)
        if not services.lifecycle:
            return plain("Lifecycle API is not enabled.\n", 403)
        return await change(request)

    return guarded


def lifecycle_routes(services: Services) -> list[Route]:
    """What answers once the server is ready."""
    target = urlsplit(services.external_url).path.rstrip("/") + HOME

    async def home(_: Request) -> Response:
        return RedirectResponse(target, 302)

    async def ready(_: Request) -> Response:
        return plain("Prometheus Server is Ready.\n")

    async def reload(_: Request) -> Response:
        try:
            await services.reloader.reload()
        except ConfigError as error:
            return plain(f"failed to reload config: {error}\n", 500)
        return Response()

    async def quit_server(_: Request) -> Response:
        if not services.quit():
            return plain("Termination already in progress.\n")
        return plain("Requesting termination... Goodbye!\n")

    return [
        route("/", home),
        route("/graph", home),
        route("/-/ready", ready, "GET", "HEAD"),
        route("/-/reload", _changing(services, reload), *ANY_METHOD),
        route("/-/quit", _changing(services, quit_server), *ANY_METHOD),
    ]

"""Health, readiness, reload, shutdown, own metrics, and where a browser lands.

Source: HTTP API reference, section 10.
"""

import orjson
from fastapi import APIRouter, Request, Response

from model.errors import ConfigError
from server.metrics.registry import SelfMetrics
from server.version import build_information
from server.web.envelope import plain
from server.web.services import Services

CHANGES = ["POST", "PUT"]
READS = ["GET", "HEAD"]


def always_router(metrics: SelfMetrics) -> APIRouter:
    """What answers from the first moment on."""
    router = APIRouter()

    @router.api_route("/-/healthy", methods=READS)
    async def healthy() -> Response:
        return plain("Prometheus Server is Healthy.\n")

    @router.get("/version")
    async def version() -> Response:
        return Response(orjson.dumps(build_information()) + b"\n", media_type="text/plain")

    @router.get("/metrics")
    async def own_metrics(request: Request) -> Response:
        body, content_type = metrics.render(request.headers.get("accept", ""))
        return Response(body, media_type=content_type)

    return router


def lifecycle_router(services: Services) -> APIRouter:
    """What answers once the server is ready."""
    router = APIRouter()

    @router.api_route("/-/ready", methods=READS)
    async def ready() -> Response:
        return plain("Prometheus Server is Ready.\n")

    @router.api_route("/-/reload", methods=CHANGES)
    async def reload() -> Response:
        if not services.lifecycle:
            return plain("Lifecycle API is not enabled.\n", 403)
        try:
            await services.reload()
        except ConfigError as error:
            return plain(f"failed to reload config: {error}\n", 500)
        return Response()

    @router.api_route("/-/quit", methods=CHANGES)
    async def quit_server() -> Response:
        if not services.lifecycle:
            return plain("Lifecycle API is not enabled.\n", 403)
        if not services.quit():
            return plain("Termination already in progress.\n")
        return plain("Requesting termination... Goodbye!\n")

    @router.get("/-/reload")
    @router.get("/-/quit")
    async def changes_only() -> Response:
        return plain("Only POST or PUT requests allowed\n", 405)

    return router

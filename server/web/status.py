"""`/status/*`.

Source: HTTP API reference, section 5.
"""

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.version import build_information
from server.web.envelope import success, to_json
from server.web.parameters import bad_data, parse_integer, read_parameters
from server.web.routes import route
from server.web.services import Services
from server.web.targets import rfc3339
from tsdb.replay import ReplayProgress

LIST_DEFAULT = 10
LIST_MAX = 10_000


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _runtime(services: Services) -> dict[str, object]:
    return {
        "startTime": _moment(services.started),
        "CWD": str(Path.cwd()),
        "hostname": socket.gethostname(),
        "serverTime": _moment(datetime.now(UTC)),
        "reloadConfigSuccess": services.reloader.successful,
        "lastConfigTime": rfc3339(round(services.reloader.reloaded_s * 1000)),
        "corruptionCount": services.database.counters.wal_corruptions_total,
        "goroutineCount": threading.active_count(),
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOMEMLIMIT": 2**63 - 1,
        "GOGC": str(services.reloader.config.runtime.gogc),
        "GODEBUG": "",
        "storageRetention": services.retention,
    }


def _head(services: Services, limit: int) -> dict[str, object]:
    statistics = services.database.statistics(limit)

    def top(entries: list[tuple[str, int]]) -> list[dict[str, object]]:
        return [{"name": name, "value": value} for name, value in entries]

    return {
        "headStats": {
            "numSeries": statistics.series,
            "numLabelPairs": statistics.label_pairs,
            "chunkCount": statistics.chunks,
            "minTime": statistics.min_ms,
            "maxTime": statistics.max_ms,
        },
        "seriesCountByMetricName": top(statistics.series_by_metric),
        "labelValueCountByLabelName": top(statistics.values_by_label),
        "memoryInBytesByLabelName": top(statistics.bytes_by_label),
        "seriesCountByLabelValuePair": top(statistics.series_by_pair),
    }


def _list_length(text: str) -> int:
    if not text:
        return LIST_DEFAULT
    length = parse_integer(text)
    if length is None or length < 1:
        raise bad_data("limit must be a positive number")
    if length > LIST_MAX:
        raise bad_data(f"limit must not exceed {LIST_MAX}")
    return length


def status_routes(prefix: str, services: Services) -> list[Route]:
    """The routes of this file."""

    async def config(_: Request) -> Response:
        return success(to_json({"yaml": services.render()}))

    async def flags(_: Request) -> Response:
        return success(to_json(services.flags))

    async def build(_: Request) -> Response:
        return success(to_json(build_information()))

    async def runtime(_: Request) -> Response:
        return success(to_json(_runtime(services)))

    async def tsdb(request: Request) -> Response:
        length = _list_length((await read_parameters(request)).text("limit"))
        return await services.questions.ask(request, lambda _: success(to_json(_head(services, length))))

    return [
        route(f"{prefix}/status/config", config),
        route(f"{prefix}/status/flags", flags),
        route(f"{prefix}/status/buildinfo", build),
        route(f"{prefix}/status/runtimeinfo", runtime),
        route(f"{prefix}/status/tsdb", tsdb),
    ]


def replay_routes(prefix: str, progress: Callable[[], ReplayProgress]) -> list[Route]:
    """`/status/walreplay`, which answers before the server is ready."""

    async def replay(_: Request) -> Response:
        now = progress()
        return success(to_json({"min": now.first, "max": now.last, "current": now.current}))

    return [route(f"{prefix}/status/walreplay", replay)]

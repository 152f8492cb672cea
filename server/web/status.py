"""`/status/*`.

Source: HTTP API reference, section 5.
"""

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Response

from server.version import build_information
from server.web.envelope import success, to_json
from server.web.parameters import bad_data
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
        "reloadConfigSuccess": services.state.successful,
        "lastConfigTime": rfc3339(round(services.state.reloaded_s * 1000)),
        "corruptionCount": services.database.counters.wal_corruptions_total,
        "goroutineCount": threading.active_count(),
        "GOMAXPROCS": os.cpu_count() or 1,
        "GOMEMLIMIT": 2**63 - 1,
        "GOGC": str(services.state.config.runtime.gogc),
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
    if not text.isdecimal() or int(text) < 1:
        raise bad_data("limit must be a positive number")
    if int(text) > LIST_MAX:
        raise bad_data(f"limit must not exceed {LIST_MAX}")
    return int(text)


def status_router(services: Services) -> APIRouter:
    """The routes of this file."""
    router = APIRouter(prefix="/status")

    @router.get("/config")
    async def config() -> Response:
        return success(to_json({"yaml": services.state.rendered}))

    @router.get("/flags")
    async def flags() -> Response:
        return success(to_json(services.flags))

    @router.get("/buildinfo")
    async def build() -> Response:
        return success(to_json(build_information()))

    @router.get("/runtimeinfo")
    async def runtime() -> Response:
        return success(to_json(_runtime(services)))

    @router.get("/tsdb")
    def tsdb(limit: str = "") -> Response:  # Not async: FastAPI runs it in a thread.
        return success(to_json(_head(services, _list_length(limit))))

    return router


def replay_router(progress: Callable[[], ReplayProgress]) -> APIRouter:
    """`/status/walreplay`, which answers before the server is ready."""
    router = APIRouter(prefix="/status")

    @router.get("/walreplay")
    async def replay() -> Response:
        now = progress()
        return success(to_json({"min": now.first, "max": now.last, "current": now.current}))

    return router

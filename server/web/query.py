"""`/query`, `/query_range` and `/format_query`.

One request costs one hop to a worker thread. While the answer is being made, the connection is watched: a
client that went away cancels its question.

Source: HTTP API reference, section 2.
"""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Final

from fastapi import APIRouter, Request, Response

from model.errors import (
    QueryCanceledError,
    QueryExecutionError,
    QuerySyntaxError,
    QueryTimeoutError,
    StorageError,
)
from promql.engine import Engine
from promql.parser import parse
from promql.pretty import pretty
from promql.values import QueryResult
from server.metrics.queries import QueryMetrics
from server.web.envelope import ApiError, ErrorType, success, to_json
from server.web.parameters import Parameters, bad_data, parse_duration_ms, read_parameters
from server.web.rendering import render_data

POINTS_MAX: Final = 11_000
WATCH_INTERVAL_S: Final = 0.25
STATS_VALUES: Final = ("true", "all")


class Questions:
    """The engine behind a bounded pool of threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        workers = engine.options.max_concurrency
        self.metrics = QueryMetrics(workers)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="query")
        self._running: set[Event] = set()

    async def ask(self, request: Request, question: Callable[[Event], Response]) -> Response:
        """What `question` answers in a worker thread; the event it gets is set when nobody waits any more."""
        cancel = Event()
        self._running.add(cancel)
        self.metrics.running += 1
        answer = asyncio.get_running_loop().run_in_executor(self._pool, question, cancel)
        try:
            while True:
                done, _ = await asyncio.wait((answer,), timeout=WATCH_INTERVAL_S)
                if done:
                    return answer.result()
                if await request.is_disconnected():
                    cancel.set()
        finally:
            cancel.set()
            self._running.discard(cancel)
            self.metrics.running -= 1

    def close(self) -> None:
        """Cancel what runs and end the threads."""
        for cancel in tuple(self._running):
            cancel.set()
        self._pool.shutdown()


def query_router(questions: Questions) -> APIRouter:
    """The routes of this file."""
    router = APIRouter()

    @router.api_route("/query", methods=["GET", "POST"])
    async def query(request: Request) -> Response:
        asked = _Asked(questions.engine, await read_parameters(request))
        at_ms = asked.parameters.time_ms("time", round(time.time() * 1000))
        asked.read_options()
        return await questions.ask(request, lambda cancel: asked.answer_instant(at_ms, cancel))

    @router.api_route("/query_range", methods=["GET", "POST"])
    async def query_range(request: Request) -> Response:
        asked = _Asked(questions.engine, await read_parameters(request))
        start_ms, end_ms, step_ms = _grid(asked.parameters)
        asked.read_options()
        return await questions.ask(
            request, lambda cancel: asked.answer_range(start_ms, end_ms, step_ms, cancel)
        )

    @router.api_route("/format_query", methods=["GET", "POST"])
    async def format_query(request: Request) -> Response:
        text = (await read_parameters(request)).text("query")
        try:
            return success(to_json(pretty(parse(text, questions.engine.options.parser))))
        except QuerySyntaxError as error:
            raise bad_data(f'invalid parameter "query": {error}') from error

    return router


def _grid(parameters: Parameters) -> tuple[int, int, int]:
    start_ms = parameters.time_ms("start")
    end_ms = parameters.time_ms("end")
    if end_ms < start_ms:
        raise bad_data('invalid parameter "end": end timestamp must not be before start timestamp')
    try:
        step_ms = parse_duration_ms(parameters.text("step"))
    except ValueError as error:
        raise bad_data(f'invalid parameter "step": {error}') from error
    if not step_ms > 0:
        raise bad_data(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    if (end_ms - start_ms) / step_ms >= POINTS_MAX + 1:
        raise bad_data(
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    if step_ms < 1:
        raise bad_data('invalid parameter "step": want at least one millisecond')
    return start_ms, end_ms, int(step_ms)


class _Asked:
    """One question as it came: its text and the options that every question has."""

    def __init__(self, engine: Engine, parameters: Parameters) -> None:
        self._engine = engine
        self.parameters = parameters
        self._limit = parameters.limit()
        self._deadline_s = math.inf
        self._lookback_ms: int | None = None
        self._started_s = time.monotonic()

    def read_options(self) -> None:
        """`timeout` and `lookback_delta`."""
        if text := self.parameters.text("timeout"):
            try:
                self._deadline_s = self._started_s + parse_duration_ms(text) / 1000
            except ValueError as error:
                raise bad_data(f'invalid parameter "timeout": {error}') from error
        if text := self.parameters.text("lookback_delta"):
            try:
                lookback_ms = int(parse_duration_ms(text))
            except ValueError as error:
                raise bad_data(f"error parsing lookback delta duration: {error}") from error
            self._lookback_ms = lookback_ms if lookback_ms > 0 else None

    def answer_instant(self, at_ms: int, cancel: Event) -> Response:
        return self._answer(
            lambda text: self._engine.instant(
                text, at_ms, lookback_ms=self._lookback_ms, deadline_s=self._deadline_s, cancel=cancel
            )
        )

    def answer_range(self, start_ms: int, end_ms: int, step_ms: int, cancel: Event) -> Response:
        return self._answer(
            lambda text: self._engine.range(
                text,
                start_ms,
                end_ms,
                step_ms,
                lookback_ms=self._lookback_ms,
                deadline_s=self._deadline_s,
                cancel=cancel,
            )
        )

    def _answer(self, ask: Callable[[str], QueryResult]) -> Response:
        try:
            result = ask(self.parameters.text("query"))
        except QuerySyntaxError as error:
            raise bad_data(f'invalid parameter "query": {error}') from error
        except QueryTimeoutError as error:
            raise ApiError(ErrorType.TIMEOUT, str(error)) from error
        except QueryCanceledError as error:
            raise ApiError(ErrorType.CANCELED, str(error)) from error
        except QueryExecutionError as error:
            raise ApiError(ErrorType.EXECUTION, str(error)) from error
        except StorageError as error:
            raise ApiError(ErrorType.INTERNAL, str(error)) from error
        return self._render(result)

    def _render(self, result: QueryResult) -> Response:
        warnings = list(result.warnings)
        wanted = self.parameters.text("stats")
        if wanted and wanted not in STATS_VALUES:
            warnings.append(
                f'value "{wanted}" for parameter "stats" is deprecated and will be rejected in the next '
                'major release, use "true" or "all"'
            )
        stats = self._stats(result) if wanted else None
        body, cut = render_data(result, self._limit, stats)
        if cut:
            warnings.append("results truncated due to limit")
        return success(body, warnings, result.infos)

    def _stats(self, result: QueryResult) -> dict[str, object]:
        spent_s = time.monotonic() - self._started_s
        timings = {
            "evalTotalTime": spent_s,
            "resultSortTime": 0.0,
            "queryPreparationTime": 0.0,
            "innerEvalTime": spent_s,
            "execQueueTime": 0.0,
            "execTotalTime": spent_s,
        }
        samples = {
            "totalQueryableSamples": result.stats.samples_read,
            "samplesRead": result.stats.samples_read,
            "peakSamples": result.stats.samples_peak,
        }
        return {"timings": timings, "samples": samples}

"""`/query`, `/query_range` and `/format_query`.

Source: HTTP API reference, section 2.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.errors import (
    QueryCanceledError,
    QueryExecutionError,
    QuerySyntaxError,
    QueryTimeoutError,
    StorageError,
)
from model.names import quote
from promql.parser import parse
from promql.pretty import pretty
from promql.values import QueryResult
from server.web.envelope import ApiError, ErrorType, success, to_json
from server.web.parameters import Parameters, bad_data, parse_duration_ms, read_parameters
from server.web.questions import Questions, Ticket
from server.web.rendering import render_data
from server.web.routes import route

POINTS_MAX: Final = 11_000
STATS_VALUES: Final = ("true", "all")
ERROR_TYPES: Final = (
    (QueryTimeoutError, ErrorType.TIMEOUT),
    (QueryCanceledError, ErrorType.CANCELED),
    (QueryExecutionError, ErrorType.EXECUTION),
    (StorageError, ErrorType.INTERNAL),
)


def query_routes(prefix: str, questions: Questions) -> list[Route]:
    """The routes of this file."""

    async def query(request: Request) -> Response:
        asked = _Asked(questions, await read_parameters(request))
        at_ms = asked.parameters.time_ms("time", round(time.time() * 1000))
        asked.read_options()
        return await questions.ask(request, lambda ticket: asked.instant(at_ms, ticket), asked.deadline_s)

    async def query_range(request: Request) -> Response:
        asked = _Asked(questions, await read_parameters(request))
        grid = _grid(asked.parameters)
        asked.read_options()
        return await questions.ask(request, lambda ticket: asked.range(grid, ticket), asked.deadline_s)

    async def format_query(request: Request) -> Response:
        text = (await read_parameters(request)).text("query")
        return await questions.ask(request, lambda _: _formatted(text, questions))

    return [
        route(f"{prefix}/query", query, "GET", "POST"),
        route(f"{prefix}/query_range", query_range, "GET", "POST"),
        route(f"{prefix}/format_query", format_query, "GET", "POST"),
    ]


def _formatted(text: str, questions: Questions) -> Response:
    try:
        return success(to_json(pretty(parse(text, questions.engine.options.parser))))
    except QuerySyntaxError as error:
        raise bad_data(f'invalid parameter "query": {error}') from error


def _grid(parameters: Parameters) -> tuple[int, int, int]:
    start_ms = parameters.time_ms("start")
    end_ms = parameters.time_ms("end")
    if end_ms < start_ms:
        raise bad_data('invalid parameter "end": end timestamp must not be before start time')
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

    def __init__(self, questions: Questions, parameters: Parameters) -> None:
        self._questions = questions
        self.parameters = parameters
        self._limit = parameters.limit()
        self._lookback_ms: int | None = None
        self.deadline_s = math.inf

    def read_options(self) -> None:
        """`timeout` and `lookback_delta`."""
        timeout_s = self._questions.engine.options.timeout_s
        if text := self.parameters.text("timeout"):
            try:
                timeout_s = min(timeout_s, parse_duration_ms(text) / 1000)
            except ValueError as error:
                raise bad_data(f'invalid parameter "timeout": {error}') from error
        self.deadline_s = time.monotonic() + timeout_s
        if text := self.parameters.text("lookback_delta"):
            try:
                lookback_ms = int(parse_duration_ms(text))
            except ValueError as error:
                raise bad_data(f"error parsing lookback delta duration: {error}") from error
            self._lookback_ms = lookback_ms if lookback_ms > 0 else None

    def instant(self, at_ms: int, ticket: Ticket) -> Response:
        """The answer at one instant."""
        return self._answer(
            ticket,
            lambda text: self._questions.engine.instant(
                text,
                at_ms,
                lookback_ms=self._lookback_ms,
                deadline_s=self.deadline_s,
                cancel=ticket.cancel,
            ),
        )

    def range(self, grid: tuple[int, int, int], ticket: Ticket) -> Response:
        """The answer from a start to an end by a step."""
        return self._answer(
            ticket,
            lambda text: self._questions.engine.range(
                text,
                *grid,
                lookback_ms=self._lookback_ms,
                deadline_s=self.deadline_s,
                cancel=ticket.cancel,
            ),
        )

    def _answer(self, ticket: Ticket, ask: Callable[[str], QueryResult]) -> Response:
        try:
            result = ask(self.parameters.text("query"))
        except QuerySyntaxError as error:
            raise bad_data(f'invalid parameter "query": {error}') from error
        except tuple(kind for kind, _ in ERROR_TYPES) as error:
            shown = next(shown for kind, shown in ERROR_TYPES if isinstance(error, kind))
            raise ApiError(shown, str(error)) from error
        self._questions.metrics.samples_read += result.stats.samples_read
        warnings = list(result.warnings)
        stats = None
        if wanted := self.parameters.text("stats"):
            stats = _stats(result, ticket)
            if wanted not in STATS_VALUES:
                warnings.append(
                    f'value {quote(wanted)} for parameter "stats" is deprecated and will be rejected in the '
                    'next major release, use "true" or "all"'
                )
        body, cut = render_data(result, self._limit, stats)
        if cut:
            warnings.append("results truncated due to limit")
        return success(body, warnings, result.infos)


def _stats(result: QueryResult, ticket: Ticket) -> dict[str, object]:
    """What a question cost. Parsing and sorting are part of the evaluation here, and are not told apart."""
    now_s = time.monotonic()
    timings = {
        "evalTotalTime": now_s - ticket.picked_s,
        "resultSortTime": 0.0,
        "queryPreparationTime": 0.0,
        "innerEvalTime": now_s - ticket.picked_s,
        "execQueueTime": ticket.picked_s - ticket.began_s,
        "execTotalTime": now_s - ticket.began_s,
    }
    samples = {
        "totalQueryableSamples": result.stats.samples_read,
        "samplesRead": result.stats.samples_read,
        "peakSamples": result.stats.samples_peak,
    }
    return {"timings": timings, "samples": samples}

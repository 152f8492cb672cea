"""`/labels`, `/label/<name>/values` and `/series`.

Source: HTTP API reference, sections 3.1 to 3.3.
"""

import re
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kernels import LabelFrame, Matcher, render_labels
from model.errors import QuerySyntaxError, StorageError
from model.names import is_label_name, quote
from model.storage import Querier, Queryable, SelectHints
from promql.ast import VectorSelector
from promql.options import ParserOptions
from promql.parser import parse
from server.web.envelope import ApiError, ErrorType, success, to_json
from server.web.parameters import MAX_TIME_MS, MIN_TIME_MS, Parameters, bad_data, read_parameters
from server.web.questions import Questions
from server.web.routes import route

TRUNCATED: Final = "results truncated due to limit"
ESCAPED_NAME: Final = re.compile(r"_([0-9a-fA-F]{1,6})_|__")


def parse_selector(text: str, options: ParserOptions) -> tuple[Matcher, ...]:
    """The matchers of a plain series selector.

    Raises:
        QuerySyntaxError: it is none, or every matcher matches the empty string.
    """
    expr = parse(text, options)
    if not isinstance(expr, VectorSelector) or expr.offset != 0 or expr.at is not None:
        raise QuerySyntaxError(f"want a series selector, got {quote(text)}")
    return expr.matchers


def unescape_name(name: str) -> str:
    """A label name out of a path: `U__` marks one in which `_HEX_` stands for a character."""
    if not name.startswith("U__"):
        return name
    return ESCAPED_NAME.sub(_unescaped, name.removeprefix("U__"))


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return "_"
    point = int(match[1], 16)
    return chr(point) if point <= sys.maxunicode else match[0]


class _Lookup:
    """One request about labels: its time range, selectors and limit."""

    def __init__(self, store: Queryable, options: ParserOptions, parameters: Parameters, prefix: str) -> None:
        self._store = store
        self.limit = parameters.limit()
        self._min_ms = parameters.time_ms("start", MIN_TIME_MS)
        self._max_ms = parameters.time_ms("end", MAX_TIME_MS)
        self.selectors: list[tuple[Matcher, ...]] = []
        for text in parameters.all("match[]"):
            try:
                selector = parse_selector(text, options)
            except QuerySyntaxError as error:
                message = str(error)
                if "must contain at least one non-empty matcher" in message:
                    message = "match[] must contain at least one non-empty matcher"
                raise bad_data(prefix + message) from error
            self.selectors.append(selector)

    def texts(self, find: Callable[[Querier, Sequence[Matcher]], list[str]]) -> Response:
        """The union over the selectors of what `find` finds, sorted."""
        with self._querier() as querier:
            found = [find(querier, selector) for selector in self.selectors or [()]]
        texts = found[0] if len(found) == 1 else sorted(set().union(*found), key=str.encode)
        return self._limited(texts)

    def series(self) -> Response:
        """The label sets that any selector finds."""
        enough = self.limit + 1 if self.limit else 0  # One more tells whether the limit cuts something off.
        hints = SelectHints(self._min_ms, self._max_ms, function="series", limit=enough)
        with self._querier() as querier:
            frames = [querier.select(selector, hints).labels for selector in self.selectors]
        labels = frames[0] if len(frames) == 1 else _merged(frames)
        cut = 0 < self.limit < len(labels)
        if cut:
            labels = labels.take(np.arange(self.limit))
        return success(render_labels(labels), [TRUNCATED] if cut else [])

    def _limited(self, texts: list[str]) -> Response:
        cut = 0 < self.limit < len(texts)
        return success(to_json(texts[: self.limit] if cut else texts), [TRUNCATED] if cut else [])

    def _querier(self) -> AbstractContextManager[Querier]:
        return self._store.querier(self._min_ms, self._max_ms)


def _merged(frames: list[LabelFrame]) -> LabelFrame:
    _, labels = LabelFrame.concat(frames[0].symbols, frames).group((), without=True)
    return labels.take(labels.order())


def labels_routes(prefix: str, store: Queryable, questions: Questions) -> list[Route]:
    """The routes of this file."""
    options = questions.engine.options.parser

    async def answer(request: Request, make: Callable[[], Response]) -> Response:
        try:
            return await questions.ask(request, lambda _: make())
        except StorageError as error:
            raise ApiError(ErrorType.INTERNAL, str(error)) from error

    async def names(request: Request) -> Response:
        asked = _Lookup(store, options, await read_parameters(request), "")
        return await answer(
            request, lambda: asked.texts(lambda querier, matchers: querier.label_names(matchers))
        )

    async def values(request: Request) -> Response:
        name = request.path_params["name"]
        label = unescape_name(name)
        if not is_label_name(label):
            raise bad_data(f"invalid label name: {quote(name)}")
        asked = _Lookup(store, options, await read_parameters(request), "")
        return await answer(
            request, lambda: asked.texts(lambda querier, matchers: querier.label_values(label, matchers))
        )

    async def series(request: Request) -> Response:
        parameters = await read_parameters(request)
        parameters.require_form()
        if not parameters.all("match[]"):
            raise bad_data("no match[] parameter provided")
        asked = _Lookup(store, options, parameters, 'invalid parameter "match[]": ')
        return await answer(request, asked.series)

    return [
        route(f"{prefix}/labels", names, "GET", "POST"),
        route(f"{prefix}/label/{{name:path}}/values", values),
        route(f"{prefix}/series", series, "GET", "POST"),
    ]

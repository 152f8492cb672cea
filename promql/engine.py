"""The engine: a question in, an answer out.

text → syntax tree (cached) → preprocessed for the question's times → plan → operators → result. Synchronous
and thread-safe: every question has an evaluator of its own, and the caller's worker threads give the
parallelism.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from threading import Event

from model.errors import QuerySyntaxError, StorageError
from model.storage import Queryable
from promql.annotations import Annotations
from promql.ast import Expr, ValueType
from promql.budget import Budget
from promql.check import type_of
from promql.dispatch import OPERATORS
from promql.operators.evaluator import Evaluator, Question
from promql.options import STABLE, ParserOptions
from promql.parser import parse
from promql.plan.bounds import time_bounds
from promql.plan.nodes import Node
from promql.plan.rules import make_plan
from promql.preprocess import preprocess
from promql.results import instant_data, range_data
from promql.values import Grid, QueryResult, QueryStats


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the command line says about questions."""

    samples_max: int = 50_000_000
    timeout_s: float = 120.0
    lookback_delta_ms: int = 300_000
    max_concurrency: int = 20  # The caller's pool of threads keeps it.
    default_step_ms: int = 60_000  # Of subqueries that name none.
    delayed_name_removal: bool = False
    cached_queries: int = 1024
    parser: ParserOptions = STABLE


@dataclass(frozen=True, slots=True)
class _Limits:
    """How far back one question looks, and when it ends."""

    lookback_ms: int
    deadline_s: float
    cancel: Event | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question with its times and its limits."""

    text: str
    grid: Grid
    end_ms: int
    limits: _Limits
    is_range: bool


class Engine:
    """Answers PromQL questions over one store."""

    def __init__(
        self,
        queryable: Queryable,
        options: EngineOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` counts seconds; deadlines are on it."""
        self.options = options or EngineOptions()
        self._queryable = queryable
        self._clock = clock
        self._parsed = lru_cache(self.options.cached_queries)(self._parse)
        self._timeless_plan = lru_cache(self.options.cached_queries)(self._plan_of_text)

    def instant(
        self,
        query: str,
        at_ms: int,
        *,
        lookback_ms: int | None = None,
        deadline_s: float | None = None,
        cancel: Event | None = None,
    ) -> QueryResult:
        """The answer at one instant.

        Args:
            deadline_s: when to give up, on the engine's clock; at most the configured timeout from now.
            cancel: set by whoever no longer wants the answer.

        Raises:
            QuerySyntaxError: the text is no question.
            QueryExecutionError: it has no answer over this data, or needs too many samples.
            QueryTimeoutError: the deadline passed.
            QueryCanceledError: `cancel` was set.
            StorageError: the store could not be read.
        """
        limits = self._limits(lookback_ms, deadline_s, cancel)
        return self._answer(_Asked(query, Grid(at_ms, 1, 1), at_ms, limits, is_range=False))

    def range(
        self,
        query: str,
        start_ms: int,
        end_ms: int,
        step_ms: int,
        *,
        lookback_ms: int | None = None,
        deadline_s: float | None = None,
        cancel: Event | None = None,
    ) -> QueryResult:
        """The answers at start, start + step, ... up to the end; arguments and errors as for `instant`."""
        if step_ms < 1:
            raise ValueError(f"step_ms: want at least 1, got {step_ms}")
        limits = self._limits(lookback_ms, deadline_s, cancel)
        grid = Grid(start_ms, step_ms, max(0, (end_ms - start_ms) // step_ms + 1))
        return self._answer(_Asked(query, grid, end_ms, limits, is_range=True))

    def _limits(self, lookback_ms: int | None, deadline_s: float | None, cancel: Event | None) -> _Limits:
        own_deadline_s = self._clock() + self.options.timeout_s
        return _Limits(
            self.options.lookback_delta_ms if lookback_ms is None else lookback_ms,
            own_deadline_s if deadline_s is None else min(deadline_s, own_deadline_s),
            cancel,
        )

    def _parse(self, query: str) -> Expr:
        return parse(query, self.options.parser)

    def _plan(self, asked: _Asked) -> Node:
        expr = self._parsed(asked.text)
        if asked.is_range and (kind := type_of(expr)) not in (ValueType.VECTOR, ValueType.SCALAR):
            raise QuerySyntaxError(
                f'invalid expression type "{kind.value}" for range query, must be Scalar or instant Vector'
            )
        step_ms = asked.grid.step_ms if asked.is_range else 0
        preprocessed = preprocess(expr, asked.grid.start_ms, asked.end_ms, step_ms)
        if preprocessed is expr:
            return self._timeless_plan(asked.text)
        return make_plan(preprocessed, self.options.default_step_ms)

    def _plan_of_text(self, query: str) -> Node:
        """The plan of a question into which its times do not enter, as most are."""
        return make_plan(self._parsed(query), self.options.default_step_ms)

    def _answer(self, asked: _Asked) -> QueryResult:
        plan = self._plan(asked)
        budget = Budget(self.options.samples_max, asked.limits.deadline_s, self._clock, asked.limits.cancel)
        annotations = Annotations(asked.text)
        last_ms = max(asked.grid.start_ms, asked.grid.end_ms)
        bounds = time_bounds(plan, asked.grid.start_ms, last_ms, asked.limits.lookback_ms)
        try:
            with self._queryable.querier(*bounds) as querier:
                question = Question(
                    querier,
                    self._queryable.symbols,
                    asked.grid,
                    asked.limits.lookback_ms,
                    self.options.delayed_name_removal,
                )
                evaluator = Evaluator(question, budget, annotations, OPERATORS)
                shape = range_data if asked.is_range else instant_data
                kind, data = shape(evaluator, plan, asked.grid)
        except StorageError as error:
            raise StorageError(f"expanding series: {error}") from error
        return QueryResult(
            kind,
            data,
            asked.grid,
            annotations.warnings(),
            annotations.infos(),
            QueryStats(budget.read, budget.peak, tuple(evaluator.stats)),
        )

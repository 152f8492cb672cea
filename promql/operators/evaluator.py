"""One question being answered: walks the plan and keeps what the whole question shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels import LabelFrame, Matcher, Symbols
from model.storage import Querier, SelectHints, SeriesSet
from promql.annotations import Annotations
from promql.budget import Budget
from promql.operators.labelsets import drop_names
from promql.plan.nodes import Node, Text
from promql.values import Floats, Grid, NodeStats, ScalarSteps, StepMatrix, Value

Operator = Callable[["Evaluator", Any, Grid], Value]


@dataclass(frozen=True, slots=True)
class Question:
    """What stays the same for every node of one question."""

    querier: Querier
    symbols: Symbols
    grid: Grid
    lookback_ms: int
    delayed_name_removal: bool


class Evaluator:
    """Evaluates the nodes of one plan; single-threaded."""

    def __init__(
        self,
        question: Question,
        budget: Budget,
        annotations: Annotations,
        operators: Mapping[type[Node], Operator],
    ) -> None:
        self.question = question
        self.budget = budget
        self.annotations = annotations
        self.stats: list[NodeStats] = []
        self._operators = operators
        self._shared: dict[tuple[int, Grid], Value] = {}

    def evaluate(self, node: Node, grid: Grid) -> Value:
        """The value of a node at the steps of `grid`; what its operands held is free afterwards."""
        budget = self.budget
        budget.check()
        held = budget.held
        value = self._operators[type(node)](self, node, grid)
        self.settle(node, value, held)
        return value

    def settle(self, node: Node, value: Value, held: int) -> None:
        """A node is done: beside the `held` samples of before, only its value is still there."""
        samples = value.samples
        self.budget.held = held
        self.budget.hold(samples)
        series = len(value) if isinstance(value, StepMatrix) else 1
        self.stats.append(NodeStats(node, series, samples))

    def vector(self, node: Node, grid: Grid) -> StepMatrix:
        """The value of a node that the type check made a vector."""
        value = self.evaluate(node, grid)
        assert isinstance(value, StepMatrix), "the type check admits only vectors here"
        return value

    def scalar(self, node: Node, grid: Grid) -> Floats:
        """The value of a node that the type check made a scalar, [steps]."""
        value = self.evaluate(node, grid)
        assert isinstance(value, ScalarSteps), "the type check admits only scalars here"
        return value.values

    def text(self, node: Node) -> str:
        """The text of a node that the type check made a string literal."""
        assert isinstance(node, Text), "the type check admits only string literals here"
        return node.text

    def shared(self, number: int, node: Node, grid: Grid) -> Value:
        """The value of a node that stands in several places, evaluated once per grid."""
        key = (number, grid)
        if key not in self._shared:
            self._shared[key] = self.evaluate(node, grid)
        return self._shared[key]

    def select(self, matchers: tuple[Matcher, ...], hints: SelectHints) -> SeriesSet:
        """The series of a selector."""
        return self.question.querier.select(matchers, hints)

    def drop_names(self, matrix: StepMatrix) -> StepMatrix:
        """The series without the labels that name the metric, now or at the end."""
        return drop_names(matrix, delayed=self.question.delayed_name_removal)

    def nothing(self, grid: Grid) -> StepMatrix:
        """A vector without series."""
        return StepMatrix(
            LabelFrame.empty(self.question.symbols, 0),
            np.empty((0, grid.steps)),
            np.empty((0, grid.steps), dtype=np.bool_),
        )

    def one(self, grid: Grid, values: Floats) -> StepMatrix:
        """A vector of one series without labels that has a sample at every step."""
        labels = LabelFrame.empty(self.question.symbols, 1)
        return StepMatrix(labels, values.reshape(1, -1), np.ones((1, grid.steps), dtype=np.bool_))

"""What expressions evaluate to: a whole vector over all steps is one value."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.samples import SeriesBatch
from promql.plan.nodes import Node

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps of an evaluation: `steps` instants from `start_ms`, `step_ms` apart."""

    start_ms: int
    step_ms: int  # At least 1, also where there is only one step.
    steps: int  # May be 0: then every answer is empty.

    @property
    def end_ms(self) -> int:
        """The last step."""
        return self.start_ms + (self.steps - 1) * self.step_ms

    def times_ms(self) -> NDArray[np.int64]:
        """Every step."""
        return self.start_ms + np.arange(self.steps, dtype=np.int64) * self.step_ms

    def first(self) -> "Grid":
        """The first step by itself."""
        return Grid(self.start_ms, self.step_ms, min(self.steps, 1))

    def seen_from(self, offset_ms: int, at_ms: int | None) -> "Grid":
        """The instants that data is looked up at under `offset` and `@`; a single one under `@`."""
        if at_ms is not None:
            return Grid(at_ms - offset_ms, self.step_ms, min(self.steps, 1))
        return self if offset_ms == 0 else Grid(self.start_ms - offset_ms, self.step_ms, self.steps)


@dataclass(frozen=True, slots=True)
class StepMatrix:
    """An instant vector at every step. Row order is the order of the vector."""

    labels: LabelFrame
    values: Floats  # [series, steps]; meaningless where not present.
    present: Flags  # [series, steps]; absent is not NaN.
    histograms: None = None  # The place of native histograms, beside the floats.
    nameless: Flags | None = None  # [series]: rows whose name falls when the query is done; None is none.

    @property
    def samples(self) -> int:
        """How many it holds."""
        return int(np.count_nonzero(self.present))

    @property
    def steps(self) -> int:
        """How many instants its columns stand for."""
        return int(self.present.shape[1])

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> "StepMatrix":
        """These rows, in this order."""
        return replace(
            self,
            labels=self.labels.take(np.ascontiguousarray(rows, dtype=np.int64)),
            values=self.values[rows],
            present=self.present[rows],
            nameless=None if self.nameless is None else self.nameless[rows],
        )

    def compact(self) -> "StepMatrix":
        """Only the rows that have a sample at some step."""
        alive = self.present[:, 0] if self.steps == 1 else self.present.any(axis=1)
        return self if alive.all() else self.take(np.flatnonzero(alive))

    def widen(self, steps: int) -> "StepMatrix":
        """The one step there is, repeated."""
        if self.steps == steps:
            return self
        return replace(
            self, values=np.repeat(self.values, steps, axis=1), present=np.repeat(self.present, steps, axis=1)
        )

    def marks(self) -> Flags:
        """`nameless` with False for none, [series]."""
        return np.zeros(len(self), dtype=np.bool_) if self.nameless is None else self.nameless


@dataclass(frozen=True, slots=True)
class ScalarSteps:
    """A scalar at every step."""

    values: Floats  # [steps].

    @property
    def samples(self) -> int:
        """How many it holds."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class StringValue:
    """A string; it does not change with time."""

    text: str
    samples: int = 0


@dataclass(frozen=True, slots=True)
class RawMatrix:
    """What a range selector or a subquery holds at one instant, with its own timestamps. Sorted by labels."""

    labels: LabelFrame
    batch: SeriesBatch

    @property
    def samples(self) -> int:
        """How many it holds."""
        return len(self.batch.values)


ResultKind = Literal["vector", "scalar", "string", "matrix"]
Value = StepMatrix | ScalarSteps | StringValue


@dataclass(frozen=True, slots=True)
class NodeStats:
    """What one node of the plan made."""

    node: Node
    series: int
    samples: int


@dataclass(frozen=True, slots=True)
class QueryStats:
    """What a question cost."""

    samples_read: int  # Raw samples that selectors looked at.
    samples_peak: int  # The most held at once.
    nodes: tuple[NodeStats, ...]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer to a question.

    An instant question gives a vector (`StepMatrix` of one step, every row present), a scalar, a string, or a
    `RawMatrix`; a range question gives a matrix: a `StepMatrix` sorted by labels.
    """

    kind: ResultKind
    data: StepMatrix | ScalarSteps | StringValue | RawMatrix
    grid: Grid
    warnings: tuple[str, ...]
    infos: tuple[str, ...]
    stats: QueryStats = field(repr=False)

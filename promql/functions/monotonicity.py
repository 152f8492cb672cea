"""The info that tells how far cumulative bucket counts had to be forced to rise."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from model.names import quote
from promql.annotations import format_g
from promql.ast import Span
from promql.operators.evaluator import Evaluator
from promql.values import Flags, Floats, Grid, StepMatrix

TOLERANCE = 1e-12
DOCUMENTATION = "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"


@dataclass(frozen=True, slots=True)
class Forced:
    """Cumulative bucket counts, and where they had to be forced to rise."""

    matrix: StepMatrix
    bounds: Floats  # [rows]
    group_of: NDArray[np.uint32]  # [rows]
    cells: Flags  # [groups, steps]
    names: NDArray[np.uint32]  # [groups]: the metric name where it is known, else 0.


def report_forced(evaluator: Evaluator, forced: Forced, grid: Grid, span: Span) -> None:
    """One info per metric name."""
    is_forced = np.logical_or.reduce(forced.cells, axis=1)
    for name in np.unique(forced.names[is_forced]):
        cells = forced.cells & (forced.names == name)[:, np.newaxis]
        low, high, difference = _extent(forced, cells)
        times = grid.times_ms()[cells.any(axis=0)]
        (metric,) = evaluator.question.symbols.texts(np.array([name], dtype=np.uint32))
        suffix = f" for metric name {quote(metric)}" if metric else ""
        evaluator.annotations.inform(
            f"input to histogram_quantile needed to be fixed for monotonicity (see {DOCUMENTATION}){suffix}, "
            f"from buckets {format_g(low)} to {format_g(high)}, "
            f"with a max diff of {format_g(_two_digits(difference))}, over {int(cells.sum())} samples "
            f"from {_rfc3339(int(times[0]))} to {_rfc3339(int(times[-1]))}",
            span,
        )


def _extent(forced: Forced, cells: Flags) -> tuple[float, float, float]:
    """The lowest and highest bound whose count fell, and by how much at most.

    Walks the buckets of all histograms side by side, from the lowest bound up.
    """
    matrix, bounds, group_of = forced.matrix, forced.bounds, forced.group_of
    rows = np.flatnonzero(np.logical_or.reduce(cells, axis=1)[group_of])
    order = rows[np.lexsort((bounds[rows], group_of[rows]))]
    groups = group_of[order]
    begins = np.searchsorted(groups, groups)
    places = np.arange(len(order)) - begins  # The rank of each row's bound within its histogram.
    highest = np.full(cells.shape, -np.inf)
    low, high, difference = np.inf, -np.inf, 0.0
    for place in range(int(places.max()) + 1):
        rows = order[places == place]
        counts, owners = matrix.values[rows], group_of[rows]
        before = highest[owners]
        fall = np.where(matrix.present[rows] & cells[owners], before - counts, 0.0)
        fell = fall > TOLERANCE * (np.abs(before) + np.abs(counts))
        if fell.any():
            fallen = bounds[rows][fell.any(axis=1)]
            low, high = min(low, float(fallen.min())), max(high, float(fallen.max()))
            difference = max(difference, float(fall[fell].max()))
        highest[owners] = np.where(matrix.present[rows], np.fmax(before, counts), before)
    return low, high, difference


def _two_digits(value: float) -> float:
    return float(f"{value:.1e}")


def _rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

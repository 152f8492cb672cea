"""Aggregation over groups in plain Python: one cell at a time, straight from the PromQL reference."""

import math
from collections.abc import Callable, Iterator, Sequence

from tests.properties.reference_windows import kahan_sums, mean, quantile, root

Cell = float | None  # None is absent.
Rows = Sequence[Sequence[Cell]]


def best(values: Sequence[float], better: Callable[[float, float], bool]) -> float:
    chosen = values[0]
    for v in values[1:]:
        if better(v, chosen) or math.isnan(chosen):
            chosen = v
    return chosen


def variance(values: Sequence[float]) -> float:
    middle = squares = 0.0
    for n, v in enumerate(values, start=1):
        apart = v - middle
        middle += apart / n
        squares += apart * (v - middle)
    return squares / len(values)


AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": kahan_sums,
    "avg": mean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "min": lambda values: best(values, lambda new, old: new < old),
    "max": lambda values: best(values, lambda new, old: new > old),
    "stdvar": variance,
    "stddev": lambda values: root(variance(values)),
}


def members(rows: Rows, group_of: Sequence[int], group: int, step: int) -> Iterator[tuple[int, float]]:
    """Row and value of each present cell of a group, in row order."""
    for row, (cells, own) in enumerate(zip(rows, group_of, strict=True)):
        cell = cells[step]
        if own == group and cell is not None:
            yield row, cell


def aggregate(op: str, rows: Rows, group_of: Sequence[int], groups: int, steps: int) -> list[list[Cell]]:
    return each_cell(rows, group_of, groups, steps, lambda _, values: AGGREGATIONS[op](values))


def group_quantile(rows: Rows, group_of: Sequence[int], groups: int, q: Sequence[float]) -> list[list[Cell]]:
    return each_cell(rows, group_of, groups, len(q), lambda step, values: quantile(q[step], values))


def each_cell(
    rows: Rows,
    group_of: Sequence[int],
    groups: int,
    steps: int,
    compute: Callable[[int, list[float]], float],
) -> list[list[Cell]]:
    def cell(group: int, step: int) -> Cell:
        values = [value for _, value in members(rows, group_of, group, step)]
        return compute(step, values) if values else None

    return [[cell(group, step) for step in range(steps)] for group in range(groups)]


def group_top(
    rows: Rows, group_of: Sequence[int], groups: int, k: Sequence[int], *, largest: bool
) -> list[list[bool]]:
    """Which cells stay, chosen by a bounded heap with the worst of the chosen at its root."""
    chosen = [[False] * len(k) for _ in rows]
    for group in range(groups):
        for step, capacity in enumerate(k):
            heap: list[tuple[float, int]] = []
            for row, value in members(rows, group_of, group, step):
                offer(heap, (value if largest else -value, row), capacity)
            for _, row in heap:
                chosen[row][step] = True
    return chosen


def worse(a: tuple[float, int], b: tuple[float, int]) -> bool:
    return math.isnan(a[0]) or a[0] < b[0]


def offer(heap: list[tuple[float, int]], element: tuple[float, int], capacity: int) -> None:
    if len(heap) < capacity:
        heap.append(element)
        at = len(heap) - 1
        while at > 0 and worse(heap[at], heap[(at - 1) // 2]):
            heap[at], heap[(at - 1) // 2] = heap[(at - 1) // 2], heap[at]
            at = (at - 1) // 2
        return
    if not heap or not (heap[0][0] < element[0] or (math.isnan(heap[0][0]) and not math.isnan(element[0]))):
        return
    heap[0] = element
    at = 0
    while 2 * at + 1 < len(heap):
        child = 2 * at + 1
        if child + 1 < len(heap) and worse(heap[child + 1], heap[child]):
            child += 1
        if not worse(heap[child], heap[at]):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child

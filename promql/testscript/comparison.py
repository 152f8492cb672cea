"""Whether an answer is what a script expects."""

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from model.labels import Labels
from model.samples import STALE_BITS
from promql.quoting import print_labels
from promql.testscript.commands import Expectations, SeriesLine, TextPattern
from promql.values import QueryResult, RawMatrix, ScalarSteps, StepMatrix, StringValue

TOLERANCE = 1e-6
SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308
Points = tuple[NDArray[np.int64], NDArray[np.float64]]  # Times and values of one series.


class MismatchError(Exception):
    """An answer that is not what was expected; the text says where."""


def almost_equal(
    left: NDArray[np.float64], right: NDArray[np.float64], tolerance: float
) -> NDArray[np.bool_]:
    """Equality up to a relative tolerance; a staleness marker equals only its kind, any NaN another."""
    left_stale, right_stale = (side.view(np.uint64) == STALE_BITS for side in (left, right))
    with np.errstate(all="ignore"):
        difference, size = np.abs(left - right), np.abs(left) + np.abs(right)
        tiny = (left == 0) | (right == 0) | (size < SMALLEST_NORMAL)
        near = np.where(
            tiny, difference < tolerance * SMALLEST_NORMAL, difference / np.minimum(size, LARGEST) < tolerance
        )
    both_nan = np.isnan(left) & np.isnan(right)
    is_stale = left_stale | right_stale
    same: NDArray[np.bool_] = np.where(is_stale, left_stale & right_stale, both_nan | (left == right) | near)
    return same


def check_text(pattern: TextPattern, text: str) -> bool:
    """Whether a message is what the pattern wants."""
    if pattern.kind == "any":
        return True
    return text == pattern.text if pattern.kind == "msg" else re.search(pattern.text, text) is not None


def check_annotations(expected: Expectations, result: QueryResult) -> None:
    """
    Raises:
        MismatchError: an annotation is missing, forbidden, or not among those that are listed.
    """
    for name, wanted, forbidden, got in (
        ("warning", expected.warnings, expected.no_warnings, result.warnings),
        ("info", expected.infos, expected.no_infos, result.infos),
    ):
        if forbidden and got:
            raise MismatchError(f"want no {name}, got {list(got)}")
        for pattern in wanted:
            if not any(check_text(pattern, text) for text in got):
                raise MismatchError(f"want the {name} {pattern.text!r}, got {list(got)}")
        if wanted:
            extra = [text for text in got if not any(check_text(p, text) for p in wanted)]
            if extra:
                raise MismatchError(f"unexpected {name} {extra}")


def check_instant(expected: Expectations, result: QueryResult) -> None:
    """
    Raises:
        MismatchError: the answer of an instant question is another one.
    """
    data = result.data
    if expected.string is not None:
        if not isinstance(data, StringValue) or data.text != expected.string:
            raise MismatchError(f"want the string {expected.string!r}, got {data}")
    elif expected.range_vector is not None:
        _check_points(points_of(result), _wanted_points(expected.series, *expected.range_vector))
    elif expected.scalar is not None:
        if not isinstance(data, ScalarSteps):
            raise MismatchError(f"want the scalar {expected.scalar}, got a {result.kind}")
        if not almost_equal(data.values[:1], np.array([expected.scalar]), TOLERANCE).all():
            raise MismatchError(f"want the scalar {expected.scalar}, got {data.values[0]}")
    elif not isinstance(data, StepMatrix):
        raise MismatchError(f"want a vector, got a {result.kind}")
    else:
        at_ms = result.grid.start_ms
        got = points_of(result)
        if expected.ordered:
            _check_order([labels for labels, _ in got], [line.labels for line in expected.series])
        _check_points(got, _wanted_points(expected.series, at_ms, at_ms, 1))


def check_range(expected: Expectations, result: QueryResult) -> None:
    """
    Raises:
        MismatchError: the answer of a range question is another one, or is not sorted by labels.
    """
    got = points_of(result)
    check_sorted([labels for labels, _ in got])
    grid = result.grid
    _check_points(got, _wanted_points(expected.series, grid.start_ms, grid.end_ms, grid.step_ms))


def check_step(expected: Expectations, result: QueryResult, at_ms: int) -> None:
    """
    Compare one step of a range question with what an instant question must give.

    Raises:
        MismatchError: they differ.
    """
    got = points_of(result)
    check_sorted([labels for labels, _ in got])
    if expected.ordered:
        return
    at_step = [(labels, (times[times == at_ms], values[times == at_ms])) for labels, (times, values) in got]
    series = expected.series
    if expected.scalar is not None:
        series = [SeriesLine((), (expected.scalar,), (True,))]
    _check_points([entry for entry in at_step if len(entry[1][0])], _wanted_points(series, at_ms, at_ms, 1))


def points_of(result: QueryResult) -> list[tuple[Labels, Points]]:
    """Every series of a vector or matrix with its points, in the order of the answer."""
    data = result.data
    if isinstance(data, RawMatrix):
        offsets = data.batch.offsets
        return [
            (labels, (data.batch.timestamps_ms[begin:end], data.batch.values[begin:end]))
            for labels, begin, end in zip(data.labels.rows(), offsets[:-1], offsets[1:], strict=True)
        ]
    if not isinstance(data, StepMatrix):
        raise MismatchError(f"want series, got a {result.kind}")
    times = result.grid.times_ms()
    return [
        (labels, (times[present], np.ascontiguousarray(values[present])))
        for labels, values, present in zip(data.labels.rows(), data.values, data.present, strict=True)
    ]


def check_sorted(labels: Sequence[Labels]) -> None:
    """
    Raises:
        MismatchError: label sets are not in order.
    """
    keys = [[(name.encode(), value.encode()) for name, value in pairs] for pairs in labels]
    if any(left > right for left, right in pairwise(keys)):
        raise MismatchError("the series of a matrix are not sorted by labels")


def _wanted_points(
    series: Sequence[SeriesLine], start_ms: int, end_ms: int, step_ms: int
) -> dict[Labels, Points]:
    steps = (end_ms - start_ms) // step_ms + 1
    wanted = {}
    for line in series:
        if len(line.values) > steps:
            raise MismatchError(f"{print_labels(line.labels)}: {len(line.values)} values for {steps} steps")
        present = np.array(line.present, dtype=np.bool_)
        times = (start_ms + np.arange(len(line.values), dtype=np.int64) * step_ms)[present]
        if len(times):
            wanted[line.labels] = (times, np.array(line.values, dtype=np.float64)[present])
    return wanted


def _check_order(got: list[Labels], wanted: list[Labels]) -> None:
    if got != wanted:
        raise MismatchError(
            f"want the order {list(map(print_labels, wanted))}, got {list(map(print_labels, got))}"
        )


def _check_points(got: list[tuple[Labels, Points]], wanted: dict[Labels, Points]) -> None:
    missing = dict(wanted)
    for labels, (times, values) in got:
        name = print_labels(labels)
        if labels not in missing:
            raise MismatchError(f"unexpected {name} with {values.tolist()}")
        wanted_times, wanted_values = missing.pop(labels)
        if times.tolist() != wanted_times.tolist():
            raise MismatchError(f"{name}: want points at {wanted_times.tolist()}, got {times.tolist()}")
        if not almost_equal(values, wanted_values, TOLERANCE).all():
            raise MismatchError(f"{name}: want {wanted_values.tolist()}, got {values.tolist()}")
    if missing:
        raise MismatchError(f"missing {sorted(map(print_labels, missing))}")

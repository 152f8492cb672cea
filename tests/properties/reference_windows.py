"""Range functions and step alignment in plain Python, one window at a time, straight from the reference."""

import itertools
import math
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

STALE_BITS = 0x7FF0000000000002


class Sample(NamedTuple):
    t: int
    v: float


class Window(NamedTuple):
    """The samples of one window, and what is known of the step it belongs to."""

    samples: list[Sample]
    start_ms: int
    end_ms: int
    evaluated_ms: int
    parameters: tuple[float, ...]

    @property
    def values(self) -> list[float]:
        return [sample.v for sample in self.samples]


def is_stale(value: float) -> bool:
    return struct.unpack("<Q", struct.pack("<d", value))[0] == STALE_BITS


def divide(a: float, b: float) -> float:
    """IEEE division, which Python refuses at zero."""
    if b != 0.0 or math.isnan(b):
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def kahan(x: float, total: float, error: float) -> tuple[float, float]:
    t = total + x
    if math.isinf(t):
        return t, 0.0
    if abs(total) >= abs(x):
        return t, error + ((total - t) + x)
    return t, error + ((x - t) + total)


def kahan_sum(values: Sequence[float]) -> float:
    total, error = 0.0, 0.0
    for x in values:
        total, error = kahan(x, total, error)
    return total if math.isinf(total) else total + error


def mean(values: Sequence[float]) -> float:
    total, error, incremental = values[0], 0.0, False
    for n, x in enumerate(values[1:], start=2):
        if not incremental:
            next_total, next_error = kahan(x, total, error)
            if not math.isinf(next_total):
                total, error = next_total, next_error
                continue
            incremental = True
            total /= n - 1
            error /= n - 1
        q = (n - 1) / n
        total, error = kahan(x / n, q * total, q * error)
    if incremental:
        return total + error
    return total / len(values) + error / len(values)


def variance(values: Sequence[float]) -> float:
    mean_total = mean_error = squares = squares_error = 0.0
    for n, x in enumerate(values, start=1):
        apart = x - (mean_total + mean_error)
        mean_total, mean_error = kahan(apart / n, mean_total, mean_error)
        squares, squares_error = kahan(apart * (x - (mean_total + mean_error)), squares, squares_error)
    return (squares + squares_error) / len(values)


def root(square: float) -> float:
    """The square root; NaN of a negative number, which an overflow in the variance can leave."""
    return math.nan if square < 0 else math.sqrt(square)


def rank_key(value: float) -> tuple[bool, float, float]:
    """NaN smallest; a negative zero before a positive one."""
    return (False, 0.0, 0.0) if math.isnan(value) else (True, value, math.copysign(1.0, value))


def quantile(q: float, values: Sequence[float]) -> float:
    if math.isnan(q):
        return math.nan
    if not 0.0 <= q <= 1.0:
        return math.copysign(math.inf, q)
    ordered = sorted(values, key=rank_key)
    rank = q * (len(ordered) - 1)
    low = max(0, math.floor(rank))
    high = min(len(ordered) - 1, low + 1)
    weight = rank - math.floor(rank)
    return ordered[low] * (1 - weight) + ordered[high] * weight


def median_deviation(values: Sequence[float]) -> float:
    if any(map(math.isnan, values)):
        return math.nan
    median = quantile(0.5, values)
    return quantile(0.5, [abs(v - median) for v in values])


def extrapolated(window: Window, *, counter: bool, per_second: bool) -> float | None:
    samples = window.samples
    if len(samples) < 2:
        return None
    first, last = samples[0], samples[-1]
    change = last.v - first.v
    if counter:
        for before, after in itertools.pairwise(samples):
            if after.v < before.v:
                change += before.v
    sampled = (last.t - first.t) / 1000
    interval = sampled / (len(samples) - 1)
    to_start = (first.t - window.start_ms) / 1000
    to_end = (window.end_ms - last.t) / 1000
    if to_start >= interval * 1.1:
        to_start = interval / 2
    if counter and change > 0 and first.v >= 0:
        to_zero = sampled * divide(first.v, change)
        to_start = min(to_start, to_zero) if not math.isnan(to_zero) else to_start
    if to_end >= interval * 1.1:
        to_end = interval / 2
    factor = (sampled + to_start + to_end) / sampled
    if per_second:
        factor /= (window.end_ms - window.start_ms) / 1000
    return change * factor


def instant_change(window: Window, *, rate: bool) -> float | None:
    if len(window.samples) < 2:
        return None
    before, after = window.samples[-2:]
    if not rate:
        return after.v - before.v
    change = after.v if after.v < before.v else after.v - before.v
    return change / ((after.t - before.t) / 1000)


def pairs(window: Window, counts: Callable[[float, float], bool]) -> float:
    values = window.values
    return float(sum(counts(a, b) for a, b in itertools.pairwise(values)))


def changed(before: float, after: float) -> bool:
    return before != after and not (math.isnan(before) and math.isnan(after))


def extreme(window: Window, better: Callable[[float, float], bool]) -> Sample:
    best = window.samples[0]
    for sample in window.samples[1:]:
        if better(sample.v, best.v) or math.isnan(best.v):
            best = sample
    return best


def line(window: Window, around_ms: int) -> tuple[float, float]:
    values = window.values
    if all(y == values[0] for y in values):
        return (math.nan, math.nan) if math.isinf(values[0]) else (0.0, values[0])
    n = float(len(values))
    xs = [(sample.t - around_ms) / 1000 for sample in window.samples]
    sum_x, sum_y = kahan_sums(xs), kahan_sums(values)
    sum_xy = kahan_sums([x * y for x, y in zip(xs, values, strict=True)])
    sum_xx = kahan_sums([x * x for x in xs])
    slope = divide(sum_xy - sum_x * sum_y / n, sum_xx - sum_x * sum_x / n)
    return slope, sum_y / n - slope * sum_x / n


def kahan_sums(values: Sequence[float]) -> float:
    total, error = 0.0, 0.0
    for x in values:
        total, error = kahan(x, total, error)
    return total + error


def predict_linear(window: Window) -> float | None:
    if len(window.samples) < 2:
        return None
    slope, intercept = line(window, window.evaluated_ms)
    return slope * window.parameters[0] + intercept


def smoothing(window: Window) -> float | None:
    values = window.values
    if len(values) < 2:
        return None
    level_factor, trend_factor = window.parameters
    before, level, trend = 0.0, values[0], values[1] - values[0]
    for i in range(1, len(values)):
        if i > 1:
            trend = trend_factor * (level - before) + (1 - trend_factor) * trend
        seen = level_factor * values[i]
        expected = (1 - level_factor) * (level + trend)
        before, level = level, seen + expected
    return level


FUNCTIONS: dict[str, Callable[[Window], float | None]] = {
    "rate": lambda w: extrapolated(w, counter=True, per_second=True),
    "increase": lambda w: extrapolated(w, counter=True, per_second=False),
    "delta": lambda w: extrapolated(w, counter=False, per_second=False),
    "irate": lambda w: instant_change(w, rate=True),
    "idelta": lambda w: instant_change(w, rate=False),
    "deriv": lambda w: line(w, w.samples[0].t)[0] if len(w.samples) > 1 else None,
    "predict_linear": predict_linear,
    "double_exponential_smoothing": smoothing,
    "changes": lambda w: pairs(w, changed),
    "resets": lambda w: pairs(w, lambda before, after: after < before),
    "count_over_time": lambda w: float(len(w.samples)),
    "present_over_time": lambda _: 1.0,
    "first_over_time": lambda w: w.samples[0].v,
    "last_over_time": lambda w: w.samples[-1].v,
    "ts_of_first_over_time": lambda w: w.samples[0].t / 1000,
    "ts_of_last_over_time": lambda w: w.samples[-1].t / 1000,
    "sum_over_time": lambda w: kahan_sum(w.values),
    "avg_over_time": lambda w: mean(w.values),
    "stdvar_over_time": lambda w: variance(w.values),
    "stddev_over_time": lambda w: root(variance(w.values)),
    "min_over_time": lambda w: extreme(w, lambda new, best: new < best).v,
    "max_over_time": lambda w: extreme(w, lambda new, best: new > best).v,
    "ts_of_min_over_time": lambda w: extreme(w, lambda new, best: new <= best).t / 1000,
    "ts_of_max_over_time": lambda w: extreme(w, lambda new, best: new >= best).t / 1000,
    "quantile_over_time": lambda w: quantile(w.parameters[0], w.values),
    "mad_over_time": lambda w: median_deviation(w.values),
}


def over_windows(
    function: str,
    samples: Sequence[Sample],
    times_ms: Sequence[int],
    range_ms: int,
    parameters: Sequence[tuple[float, ...]] | None = None,
) -> list[float | None]:
    """One series at every step; None where absent."""
    fresh = [sample for sample in samples if not is_stale(sample.v)]
    results = []
    for step, end_ms in enumerate(times_ms):
        start_ms = end_ms - range_ms
        inside = [sample for sample in fresh if start_ms < sample.t <= end_ms]
        own = parameters[step] if parameters else ()
        window = Window(inside, start_ms, end_ms, end_ms, own)
        results.append(FUNCTIONS[function](window) if inside else None)
    return results


def align(samples: Sequence[Sample], times_ms: Sequence[int], lookback_ms: int) -> list[Sample | None]:
    """The sample that an instant selector sees at every step."""
    results = []
    for end_ms in times_ms:
        past = [sample for sample in samples if sample.t <= end_ms]
        newest = past[-1] if past else None
        fits = newest is not None and newest.t > end_ms - lookback_ms and not is_stale(newest.v)
        results.append(newest if fits else None)
    return results

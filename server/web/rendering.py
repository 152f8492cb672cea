"""Answers of the engine as JSON: the arrays go to a kernel whole, the rest is a few bytes around them."""

from collections.abc import Mapping

import numpy as np

from kernels import format_floats, render_matrix, render_samples, render_vector
from promql.values import Grid, QueryResult, RawMatrix, ScalarSteps, StepMatrix, StringValue
from server.web.envelope import to_json


def render_seconds(time_ms: int) -> str:
    """Seconds in their shortest form, as scalars and strings carry them."""
    whole, rest = divmod(time_ms, 1000)
    return str(whole) if rest == 0 else f"{time_ms / 1000:.3f}".rstrip("0")


def render_data(result: QueryResult, limit: int, stats: Mapping[str, object] | None) -> tuple[bytes, bool]:
    """`{"resultType":...,"result":...}`, and whether `limit` cut something off."""
    data = result.data
    cut = False
    if isinstance(data, StepMatrix | RawMatrix) and 0 < limit < len(data.labels):
        data, cut = _first(data, limit), True
    body = _render(result.kind, data, result.grid)
    parts = [b'{"resultType":"', result.kind.encode(), b'","result":', body]
    if stats is not None:
        parts += [b',"stats":', to_json(stats)]
    parts.append(b"}")
    return b"".join(parts), cut


def _first(data: StepMatrix | RawMatrix, limit: int) -> StepMatrix | RawMatrix:
    if isinstance(data, StepMatrix):
        return data.take(np.arange(limit))
    samples = data.batch.first(limit)
    return RawMatrix(data.labels.take(np.arange(limit)), samples)


def _render(kind: str, data: StepMatrix | RawMatrix | ScalarSteps | StringValue, grid: Grid) -> bytes:
    match data:
        case StepMatrix() if kind == "vector":
            times_ms = np.full(len(data), grid.start_ms, dtype=np.int64)
            return render_vector(data.labels, times_ms, np.ascontiguousarray(data.values[:, 0]))
        case StepMatrix():
            values, present = np.ascontiguousarray(data.values), np.ascontiguousarray(data.present)
            return render_matrix(data.labels, grid.start_ms, grid.step_ms, values, present)
        case RawMatrix():
            batch = data.batch
            return render_samples(data.labels, batch.timestamps_ms, batch.values, batch.offsets)
        case ScalarSteps():
            (text,) = format_floats(data.values[:1], exponent=False)
        case StringValue():
            text = data.text
    return f"[{render_seconds(grid.start_ms)},".encode() + to_json(text) + b"]"

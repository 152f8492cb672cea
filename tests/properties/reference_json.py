"""The plain twin of `kernels/src/json.rs`: one f-string per thing."""

from collections.abc import Sequence

from tests.properties.reference_float_text import format_float

Labels = Sequence[tuple[str, str]]
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    escaped = (SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text)
    return f'"{"".join(escaped)}"'


def metric(labels: Labels) -> str:
    return "{" + ",".join(f"{quoted(name)}:{quoted(value)}" for name, value in labels) + "}"


def point(timestamp_ms: int, value: float) -> str:
    sign, (seconds, fraction) = "-" * (timestamp_ms < 0), divmod(abs(timestamp_ms), 1000)
    time = f"{sign}{seconds}.{fraction:03d}" if fraction else f"{sign}{seconds}"
    return f'[{time},"{format_float(value, exponent=True)}"]'


def render_vector(rows: Sequence[Labels], points: Sequence[tuple[int, float]]) -> str:
    series = (
        f'{{"metric":{metric(labels)},"value":{point(*sample)}}}'
        for labels, sample in zip(rows, points, strict=True)
    )
    return f"[{','.join(series)}]"


def render_series(rows: Sequence[Labels], points: Sequence[Sequence[tuple[int, float]]]) -> str:
    series = (
        f'{{"metric":{metric(labels)},"values":[{",".join(point(*sample) for sample in samples)}]}}'
        for labels, samples in zip(rows, points, strict=True)
        if samples
    )
    return f"[{','.join(series)}]"


def render_labels(rows: Sequence[Labels]) -> str:
    return f"[{','.join(metric(labels) for labels in rows)}]"

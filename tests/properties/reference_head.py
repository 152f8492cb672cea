"""The head's samples as plain lists: the readable twin of `open_chunks/`."""

import math
from dataclasses import dataclass, field

from tests.properties import reference_xor

ACCEPTED, OUT_OF_ORDER, DUPLICATE, OUT_OF_BOUNDS, UNCHANGED, UNKNOWN_SERIES = 0, 1, 2, 3, 5, 6
CHUNK_BYTES_MAX = 1005


def truncating(dividend: int, divisor: int) -> int:
    return abs(dividend) // divisor * (1 if dividend >= 0 else -1)


class Cutter:
    """Where Prometheus ends the chunks of one series (storage reference, section 7.1)."""

    def __init__(self, chunk_range_ms: int, samples_per_chunk: int) -> None:
        self.range_ms, self.target = chunk_range_ms, samples_per_chunk
        self.chunks: list[list[tuple[int, int]]] = []
        self.next_at = 0

    def start(self, t: int, value: int) -> None:
        self.chunks.append([(t, value)])
        self.next_at = truncating(t, self.range_ms) * self.range_ms + self.range_ms

    def add(self, t: int, value: int) -> None:
        if not self.chunks:
            return self.start(t, value)
        chunk = self.chunks[-1]
        if len(reference_xor.encode(chunk)) > CHUNK_BYTES_MAX:
            return self.start(t, value)
        if len(chunk) == self.target // 4:
            self.next_at = self.estimate(chunk[0][0], chunk[-1][0], self.next_at)
        if t >= self.next_at or len(chunk) >= 2 * self.target:
            return self.start(t, value)
        return chunk.append((t, value))

    @staticmethod
    def estimate(start: int, current: int, end: int) -> int:
        chunks = (end - start) / ((current - start + 1) * 4.0)
        if chunks <= 1:
            return end
        return math.trunc(start + (end - start) / math.floor(chunks))


@dataclass
class Series:
    """What was appended to one series: times, value bits and the commit that brought each."""

    samples: list[tuple[int, int, int]] = field(default_factory=list)

    def verdict(self, t: int, value: int) -> int:
        if not self.samples or t > self.samples[-1][0]:
            return ACCEPTED
        newest, newest_value, _ = self.samples[-1]
        if t < newest:
            return OUT_OF_ORDER
        return UNCHANGED if value == newest_value else DUPLICATE


class Head:
    """Series by ref, appended to in numbered commits."""

    def __init__(self) -> None:
        self.series: dict[int, Series] = {}
        self.commit = 0

    def check(self, samples: list[tuple[int, int, int]], min_valid: int) -> list[int]:
        return [self.check_one(*sample, min_valid) for sample in samples]

    def check_one(self, ref: int, t: int, value: int, min_valid: int) -> int:
        if ref not in self.series:
            return UNKNOWN_SERIES
        return OUT_OF_BOUNDS if t < min_valid else self.series[ref].verdict(t, value)

    def append(self, samples: list[tuple[int, int, int]]) -> list[int]:
        self.commit += 1
        verdicts = []
        for ref, t, value in samples:
            series = self.series.setdefault(ref, Series())
            verdicts.append(series.verdict(t, value))
            if verdicts[-1] == ACCEPTED:
                series.samples.append((t, value, self.commit))
        return verdicts

    def read(self, ref: int, low: int, high: int, snapshot: int) -> list[tuple[int, int]]:
        samples = self.series.get(ref, Series()).samples
        return [(t, value) for t, value, commit in samples if low <= t <= high and commit <= snapshot]

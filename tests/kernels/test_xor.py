"""XOR chunks: Prometheus' bytes, there and back, and damage."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import CorruptionError, decode_xor, encode_xor
from tests.properties import reference_xor

STALE = 0x7FF0000000000002
SHORT = (
    [1000, 2000, 3000, 4001, 9000, 10000],
    [1.0, 1.0, 2.0, 2.0, None, 2.5],
    "0006d00f3ff0000000000000e8073097ffe00051f3d8bdffc000000000000d830dffa0000000000010",
)
LONG = (
    [1700000000000 + t for t in (0, 15000, 30000, 45003, 60000, 75000, 90000)],
    [1.0, 2.5, 2.5, 3.0, None, 3.0, 4.0],
    "000780a0abfef9623ff00000000000009875c26fff4800380077ff58bdffe000000000000c001dffc000000000001400c0000000000000",
)

u64 = st.integers(0, 2**64 - 1)
steps = st.one_of(
    st.just(15_000), st.integers(14_990, 15_010), st.integers(1, 2**21), st.integers(-(2**62), 2**62)
)
values = st.one_of(
    st.sampled_from([0.0, 1.0, 1.5, -2.0, 1e300]).map(reference_xor.bits_of),
    st.integers(0, 1000).map(lambda number: reference_xor.bits_of(float(number))),
    st.just(STALE),
    u64,
)
series = st.tuples(st.integers(-(2**63), 2**63 - 1), st.lists(st.tuples(steps, values), max_size=60)).map(
    lambda drawn: running(*drawn)
)


def running(start: int, moves: list[tuple[int, int]]) -> list[tuple[int, int]]:
    samples, t = [], start
    for move, value in moves:
        t = (t + move + 2**63) % 2**64 - 2**63
        samples.append((t, value))
    return samples


def encoded(*batches: list[tuple[int, int]]) -> tuple[bytes, np.ndarray]:
    flat = [sample for batch in batches for sample in batch]
    times = np.array([t for t, _ in flat], np.int64)
    bits = np.array([value for _, value in flat], np.uint64)
    return encode_xor(times, bits.view(np.float64), np.cumsum([0, *map(len, batches)], dtype=np.int64))


def decoded(data: bytes, offsets: np.ndarray) -> list[list[tuple[int, int]]]:
    times, floats, ends = decode_xor(data, offsets[:-1].copy(), np.diff(offsets))
    flat = list(zip(times.tolist(), floats.view(np.uint64).tolist(), strict=True))
    return [flat[start:end] for start, end in pairwise(ends.tolist())]


@pytest.mark.parametrize(("times", "floats", "chunk"), [SHORT, LONG])
def test_a_chunk_is_written_as_prometheus_writes_it(times, floats, chunk):
    bits = [STALE if value is None else reference_xor.bits_of(value) for value in floats]
    samples = list(zip(times, bits, strict=True))
    data, offsets = encoded(samples)
    assert data.hex() == chunk
    assert reference_xor.encode(samples).hex() == chunk
    assert decoded(data, offsets) == [samples]


@settings(max_examples=150)
@given(st.lists(series, max_size=4))
def test_chunks_agree_with_their_reference_and_decode_to_what_was_encoded(batches):
    data, offsets = encoded(*batches)
    chunks = [reference_xor.encode(batch) for batch in batches]
    assert data == b"".join(chunks)
    assert offsets.tolist() == np.cumsum([0, *map(len, chunks)]).tolist()
    assert decoded(data, offsets) == batches


@pytest.mark.parametrize("bits", [14, 17, 20])
def test_the_largest_steps_of_each_class_keep_their_sign(bits):
    half = 2 ** (bits - 1)
    changes = [half, 1 - half, half + 1, -half, half - 1]
    delta, samples, t = 2**22, [(0, 0), (2**22, 0)], 2**22
    for change in changes:
        delta += change
        t += delta
        samples.append((t, 0))
    data, offsets = encoded(samples)
    assert data == reference_xor.encode(samples)
    assert decoded(data, offsets) == [samples]


def test_bytes_behind_a_chunk_are_ignored():
    chunk = bytes.fromhex(SHORT[2]) + b"\x00"
    times, *_ = decode_xor(chunk, np.array([0]), np.array([len(chunk)]))
    assert times.tolist() == SHORT[0]


def test_a_chunk_that_ends_early_is_corruption_at_its_place():
    chunk = bytes.fromhex(LONG[2])
    data = chunk + chunk[:-1]
    with pytest.raises(CorruptionError, match=f"want 7 samples, it ends early, at byte {len(chunk)}"):
        decode_xor(data, np.array([0, len(chunk)]), np.array([len(chunk), len(chunk) - 1]))
    lying = b"\x00\x10" + chunk[2:]
    with pytest.raises(CorruptionError, match="want 16 samples"):
        decode_xor(lying, np.array([0]), np.array([len(lying)]))


@pytest.mark.parametrize(("start", "length"), [(-1, 4), (0, -1), (0, 5), (5, 1), (2**62, 2**62)])
def test_a_chunk_outside_the_data_is_corruption(start, length):
    with pytest.raises(CorruptionError, match=f"xor chunk of {length} bytes at {start}: the data has 4"):
        decode_xor(bytes(4), np.array([start]), np.array([length]))


@settings(max_examples=100)
@given(series.filter(bool), st.data())
def test_a_damaged_chunk_is_read_or_refused_but_never_more(samples, data):
    chunk = bytearray(reference_xor.encode(samples))
    bit = data.draw(st.integers(0, 8 * len(chunk) - 1))
    chunk[bit // 8] ^= 1 << bit % 8
    count = int.from_bytes(chunk[:2])
    try:
        times, *_ = decode_xor(chunk, np.array([0]), np.array([len(chunk)]))
    except CorruptionError:
        return
    assert len(times) == count


def test_a_chunk_takes_no_more_samples_than_its_count_can_say():
    times, floats = np.arange(65_536, dtype=np.int64), np.ones(65_536)
    data, offsets = encode_xor(times[:-1], floats[:-1], np.array([0, 65_535]))
    assert len(decoded(data, offsets)[0]) == 65_535
    with pytest.raises(ValueError, match="want at most 65535 samples a chunk, got 65536"):
        encode_xor(times, floats, np.array([0, 65_536]))

"""Chunk segments and tombstones of a block: Prometheus' bytes, there and back, and what is damaged."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import (
    CorruptionError,
    UnsupportedError,
    decode_tombstones,
    encode_block_chunks,
    encode_tombstones,
    encode_xor,
    merge_tombstones,
    read_block_chunks,
)
from tests.properties import reference_block
from tests.properties.reference_block import Stone

ONE = bytes.fromhex("0001d00f3ff0000000000000")
HEADER = bytes.fromhex("85bd40dd01000000")
FIRST_MS, LAST_MS = -(2**63), 2**63 - 1

times = st.integers(-(2**62), 2**62)
stones = st.lists(st.tuples(st.integers(0, 3) | st.just(2**32 - 1), times, times), max_size=12)
near = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60), st.integers(0, 60)), max_size=8)


def columns(stones: list[Stone]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids, low, high = zip(*stones, strict=True) if stones else ((), (), ())
    return np.array(ids, np.uint32), np.array(low, np.int64), np.array(high, np.int64)


def listed(found: tuple[np.ndarray, np.ndarray, np.ndarray]) -> list[Stone]:
    return list(zip(*(column.tolist() for column in found), strict=True))


def records(*chunks: tuple[int, bytes]) -> tuple[bytes, list[int]]:
    offsets = np.cumsum([0, *(len(data) for _, data in chunks)], dtype=np.int64)
    encodings = np.array([encoding for encoding, _ in chunks], np.uint8)
    written, starts = encode_block_chunks(encodings, b"".join(data for _, data in chunks), offsets)
    return written, starts.tolist()


def test_a_chunk_is_written_as_prometheus_writes_it():
    written, starts = records((1, ONE), (1, ONE))
    assert written.hex() == 2 * "0c010001d00f3ff0000000000000b1834301"
    assert starts == [0, 18]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 6), st.binary(max_size=300)), max_size=6))
def test_records_agree_with_their_reference(chunks):
    written, starts = records(*chunks)
    parts = [reference_block.chunk_record(*chunk) for chunk in chunks]
    assert written == b"".join(parts)
    assert starts == [sum(map(len, parts[:n])) for n in range(len(parts))]


def three_series() -> tuple[list[bytes], np.ndarray, np.ndarray, np.ndarray]:
    """Two files; series 1, 2 and 3 have 20 samples each, a millisecond apart, in chunks of 10."""
    ends = np.arange(0, 70, 10)
    data, offsets = encode_xor(np.arange(60), np.arange(60) / 8, ends)
    chunks = [data[start:end] for start, end in pairwise(offsets)]
    files, refs = [], []
    for number, part in enumerate((chunks[:3], chunks[3:])):
        written, starts = records(*((1, chunk) for chunk in part))
        files.append(HEADER + written)
        refs += [number << 32 | 8 + start for start in starts]
    return files, np.array([1, 2, 3], np.uint32), np.array([0, 2, 4, 6]), np.array(refs, np.uint64)


@settings(max_examples=100)
@given(st.integers(-5, 65), st.integers(-5, 65), near)
def test_samples_in_range_come_back_but_for_the_deleted_ones(low, high, deleted):
    files, ids, offsets, refs = three_series()
    merged = columns(reference_block.merged(deleted))
    t, values, ends = read_block_chunks(files, ids, offsets, refs, low, high, merged)
    for series in (1, 2, 3):
        gone = {t for s, first, last in deleted if s == series for t in range(first, last + 1)}
        want = [t for t in range(20 * series - 20, 20 * series) if low <= t <= high and t not in gone]
        own = slice(int(ends[series - 1]), int(ends[series]))
        assert t[own].tolist() == want
        assert values[own].tolist() == [t / 8 for t in want]


@pytest.mark.parametrize(
    ("encoding", "name"), [(2, "histogram"), (3, "floathistogram"), (4, "xor2"), (5, "histogram with start")]
)
def test_an_encoding_that_is_not_read_is_named(encoding, name):
    written, _ = records((encoding, ONE))
    arrays = np.array([7], np.uint32), np.array([0, 1]), np.array([8], np.uint64)
    with pytest.raises(
        UnsupportedError, match=rf"chunks/000001 at 8: want xor .* encoding {encoding} \({name}"
    ):
        read_block_chunks([HEADER + written], *arrays, FIRST_MS, LAST_MS, columns([]))


def test_damage_is_told_with_its_place():
    written, starts = records((1, ONE), (1, ONE), (9, ONE))
    damaged = bytearray(HEADER + written)
    damaged[-30] ^= 1  # In the second chunk.
    for start, problem in ((starts[1], "want crc32c"), (starts[2], "encoding from 1 to 6, got 9")):
        refs = np.array([8, 8 + start], np.uint64)
        with pytest.raises(CorruptionError, match=f"chunks/000001 at {8 + start}: .*{problem}"):
            read_block_chunks(
                [bytes(damaged)], np.array([7], np.uint32), np.array([0, 2]), refs, 0, 9999, columns([])
            )


@settings(max_examples=60)
@given(stones)
def test_stones_are_merged_as_their_reference_merges_them(stones):
    merged = listed(merge_tombstones(*columns(stones)))
    assert merged == reference_block.merged(stones)
    assert encode_tombstones(columns(merged)) == reference_block.tombstones(merged)
    assert listed(decode_tombstones(reference_block.tombstones(stones))) == merged


def test_a_tombstone_file_is_the_one_of_prometheus():
    assert encode_tombstones(columns([(4, 1000, 2000)])).hex() == "0130ba300104d00fa01f33f1577c"
    assert encode_tombstones(columns([])).hex() == "0130ba300100000000"


def test_touching_intervals_at_the_end_of_time_are_one():
    assert listed(merge_tombstones(*columns([(1, 5, LAST_MS), (1, 7, 8), (1, FIRST_MS, 4)]))) == [
        (1, FIRST_MS, LAST_MS)
    ]


def test_a_stone_of_a_series_that_no_index_can_have_is_corruption():
    with pytest.raises(CorruptionError, match="byte 0 is cut off, or of no series"):
        decode_tombstones(reference_block.tombstones([(2**32, 0, 1)]))

"""Files of `chunks_head`: the bytes Prometheus writes, where the content ends, what damage is called."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import encode_head_chunks, scan_head_chunks
from tests.properties import reference_log

HEADER = bytes.fromhex("0130bc9101000000")
ONE = bytes.fromhex("0001d00f3ff0000000000000")

i64 = st.integers(-(2**63), 2**63 - 1)
chunks = st.lists(
    st.tuples(st.integers(1, 2**64 - 1), i64, i64, st.binary(min_size=12, max_size=300)), max_size=6
)


def encoded(entries):
    refs, low, high, data = zip(*entries, strict=True) if entries else ((), (), (), ())
    offsets = np.cumsum([0, *map(len, data)], dtype=np.int64)
    times = np.array(low, np.int64), np.array(high, np.int64)
    return encode_head_chunks(np.array(refs, np.uint64), *times, b"".join(data), offsets)


def test_a_chunk_is_written_as_prometheus_writes_it():
    record = "0000000000000001 00000000000003e8 00000000000003e8 01 0c 0001d00f3ff0000000000000 34181cb1"
    written, starts = encoded([(1, 1000, 1000, ONE)])
    assert written == bytes.fromhex(record)
    assert starts.tolist() == [0]


@settings(max_examples=50)
@given(chunks, st.integers(0, 100))
def test_a_file_agrees_with_its_reference_and_reads_back(entries, zeros):
    written, starts = encoded(entries)
    assert written == b"".join(reference_log.head_chunk(*entry) for entry in entries)
    file = HEADER + written + bytes(zeros)
    refs, low, high, encodings, offsets, end, problem = scan_head_chunks(file)
    assert list(zip(refs.tolist(), low.tolist(), high.tolist(), strict=True)) == [e[:3] for e in entries]
    assert encodings.tolist() == [1] * len(entries)
    assert offsets.tolist() == [8 + start for start in starts.tolist()]
    assert (end, problem) == (8 + len(written), "")


@settings(max_examples=50)
@given(chunks.filter(bool), st.data())
def test_a_cut_file_gives_the_records_before_the_cut(entries, data):
    written, starts = encoded(entries)
    cut = data.draw(st.integers(8, 8 + len(written)))
    ends = [8, *(8 + start for start in starts.tolist()[1:]), 8 + len(written)]
    refs, *_, end, problem = scan_head_chunks((HEADER + written)[:cut])
    assert end == max(e for e in ends if e <= cut)
    assert refs.tolist() == [entry[0] for entry, e in zip(entries, ends[1:], strict=True) if e <= cut]
    rest = (HEADER + written)[end:cut]
    assert bool(problem) == (any(rest) if len(rest) < 34 else True)


def test_a_flipped_bit_ends_the_content():
    record, _ = encoded([(1, 1000, 1000, ONE)])
    for bit in range(8 * len(record)):
        damaged = bytearray(HEADER + record + record)
        damaged[8 + len(record) + bit // 8] ^= 1 << bit % 8
        refs, *_, end, problem = scan_head_chunks(damaged)
        assert (refs.tolist(), end) == ([1], 8 + len(record))
        assert f"at {end}" in problem


@pytest.mark.parametrize("file", [b"", HEADER[:7], b"\x01\x30\xbc\x92" + HEADER[4:], HEADER[:4] + bytes(4)])
def test_a_file_with_another_header_holds_nothing(file):
    *_, end, problem = scan_head_chunks(file)
    assert end == 0
    assert problem.startswith("want ")


def test_offsets_that_do_not_cover_the_data_are_misuse():
    one = np.ones(1, np.int64)
    with pytest.raises(ValueError, match="offsets"):
        encode_head_chunks(np.ones(1, np.uint64), one, one, ONE, np.array([0, 11], np.int64))

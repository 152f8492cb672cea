"""Bodies of log records: the bytes Prometheus writes, and what a cut-off body is."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import (
    CorruptionError,
    LabelFrame,
    Symbols,
    decode_metadata,
    decode_samples,
    decode_series,
    encode_metadata,
    encode_samples,
    encode_series,
)
from tests.properties import reference_log

i64 = st.integers(-(2**63), 2**63 - 1)
u64 = st.integers(0, 2**64 - 1)
near = st.integers(0, 2**33)
floats = st.floats(allow_nan=False) | st.just(math.inf)
samples = st.lists(st.tuples(near | u64, near | i64, floats), max_size=200)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
labels = st.dictionaries(names, names.filter(bool), max_size=5).map(lambda pairs: list(pairs.items()))


def encoded(entries: list[tuple[int, int, float]]) -> bytes:
    refs, times, values = zip(*entries, strict=True) if entries else ((), (), ())
    return encode_samples(np.array(refs, np.uint64), np.array(times, np.int64), np.array(values, np.float64))


def decoded(*records: bytes) -> list[tuple[int, int, float]]:
    refs, times, values = decode_samples(records)
    return list(zip(refs.tolist(), times.tolist(), values.tolist(), strict=True))


def test_samples_are_written_as_prometheus_writes_them():
    entries = [(5, 1000, 1.0), (7, 1000, 2.0), (6, 1010, 3.0), (9, 990, 4.0)]
    record = (
        "02 0000000000000005 00000000000003e8 0000 3ff0000000000000 0400 4000000000000000"
        "0214 4008000000000000 0813 4010000000000000"
    )
    assert encoded(entries) == bytes.fromhex(record)
    assert decoded(bytes.fromhex(record)) == entries


@settings(max_examples=60)
@given(samples, samples)
def test_samples_agree_with_their_reference_and_read_back(first, second):
    records = [encoded(first), encoded(second)]
    assert records == [reference_log.samples_record(first), reference_log.samples_record(second)]
    assert decoded(*records) == first + second


def test_no_samples_are_a_lone_type_byte():
    assert encoded([]) == b"\x02"
    assert decoded(b"\x02", b"\x02") == []


def test_a_nan_keeps_its_bits():
    bits = 0x7FF0000000000002
    value = np.array([bits], np.uint64).view(np.float64)
    record = encode_samples(np.array([1], np.uint64), np.array([1], np.int64), value)
    assert record.endswith(struct.pack(">Q", bits))
    assert decode_samples([record])[2].view(np.uint64).tolist() == [bits]


def test_a_body_cut_anywhere_but_behind_an_entry_is_corruption():
    record = encoded([(5, 1000, 1.0), (1 << 20, 1 << 40, 2.0)])
    whole = {1, 17, 17 + 10, len(record)}
    for length in range(1, len(record)):
        if length in whole:
            assert len(decoded(record[:length])) <= 1
        else:
            with pytest.raises(CorruptionError, match=r"samples record 1: the entry at byte \d+ of"):
                decoded(b"\x02", record[:length])


def test_a_record_of_another_type_is_misuse():
    for decode in (decode_samples, decode_metadata, lambda records: decode_series(Symbols(), records)):
        with pytest.raises(ValueError, match=r"record 0: want type \d, got type 9"):
            decode([b"\x09"])
        with pytest.raises(ValueError, match="got no byte at all"):
            decode([b""])


def test_columns_of_different_length_are_misuse():
    with pytest.raises(ValueError, match="values: want length 1, got 2"):
        encode_samples(np.zeros(1, np.uint64), np.zeros(1, np.int64), np.zeros(2))
    with pytest.raises(ValueError, match="labels: want length 1, got 2"):
        encode_series(np.zeros(1, np.uint64), LabelFrame.empty(Symbols(), 2))
    with pytest.raises(ValueError, match="helps: want length 1, got 0"):
        encode_metadata(np.zeros(1, np.uint64), np.zeros(1, np.uint8), ["s"], [])


def test_a_series_is_written_as_prometheus_writes_it():
    symbols = Symbols()
    frame = LabelFrame.from_labels(symbols, [[("job", "a"), ("__name__", "up")]])
    record = bytes.fromhex("01000000000000000102085f5f6e616d655f5f027570036a6f620161")
    assert encode_series(np.array([1], np.uint64), frame) == record
    refs, read = decode_series(symbols, [record])
    assert refs.tolist() == [1]
    assert read.rows() == [(("__name__", "up"), ("job", "a"))]


@settings(max_examples=40)
@given(st.lists(st.lists(st.tuples(u64, labels), max_size=8), max_size=3))
def test_series_agree_with_their_reference_and_read_back(batches):
    symbols = Symbols()
    records = []
    for batch in batches:
        refs = np.array([ref for ref, _ in batch], np.uint64)
        frame = LabelFrame.from_labels(symbols, [pairs for _, pairs in batch])
        records.append(encode_series(refs, frame))
    assert records == [reference_log.series_record(batch) for batch in batches]
    entries = [entry for batch in batches for entry in batch]
    refs, frame = decode_series(symbols, records)
    assert refs.tolist() == [ref for ref, _ in entries]
    in_order = [tuple(sorted(pairs, key=lambda pair: pair[0].encode())) for _, pairs in entries]
    assert frame.rows() == in_order


def test_labels_out_of_order_are_put_in_order_and_a_name_that_comes_twice_is_corruption():
    def record(*pairs: str) -> bytes:
        stored = b"".join(reference_log.text(text) for text in pairs)
        return b"\x01" + bytes(7) + b"\x01" + bytes([len(pairs) // 2]) + stored

    _, frame = decode_series(Symbols(), [record("b", "1", "a", "2")])
    assert frame.rows() == [(("a", "2"), ("b", "1"))]
    with pytest.raises(CorruptionError, match="series record 0"):
        decode_series(Symbols(), [record("b", "1", "a", "2", "b", "3")])


def test_a_series_cut_anywhere_is_corruption():
    record = reference_log.series_record([(1, [("__name__", "up"), ("job", "a")])])
    for length in range(2, len(record)):
        with pytest.raises(CorruptionError):
            decode_series(Symbols(), [record[:length]])


def test_metadata_is_written_as_prometheus_writes_it():
    record = bytes.fromhex("06ac02010204554e495401730448454c500168")
    refs, kinds = np.array([300], np.uint64), np.array([1], np.uint8)
    assert encode_metadata(refs, kinds, ["s"], ["h"]) == record
    for length in range(2, len(record)):
        with pytest.raises(CorruptionError):
            decode_metadata([record[:length]])


entries = st.lists(st.tuples(u64, st.integers(0, 7), names, names), max_size=8)


@settings(max_examples=40)
@given(st.lists(entries, max_size=3))
def test_metadata_agrees_with_its_reference_and_reads_back(batches):
    records = []
    for batch in batches:
        refs, kinds = np.array([e[0] for e in batch], np.uint64), np.array([e[1] for e in batch], np.uint8)
        records.append(encode_metadata(refs, kinds, [e[2] for e in batch], [e[3] for e in batch]))
    assert records == [reference_log.metadata_record(batch) for batch in batches]
    refs, kinds, units, helps = decode_metadata(records)
    read = list(zip(refs.tolist(), kinds.tolist(), units, helps, strict=True))
    assert read == [entry for batch in batches for entry in batch]


def test_a_metadata_field_of_a_later_version_is_skipped():
    record = b"\x06\x07\x02\x02" + b"".join(map(reference_log.text, ["COLOUR", "red", "HELP", "h"]))
    refs, kinds, units, helps = decode_metadata([record])
    assert (refs.tolist(), kinds.tolist(), units, helps) == ([7], [2], [""], ["h"])

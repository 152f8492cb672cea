"""Chunks and the log: encode, append as scrapes come in, decode, read, log records, replay."""

import numpy as np
import pytest

from benches.data import INTERVAL_MS, SAMPLES, SCRAPE, START_MS, aligned_samples, note_each, values_of
from kernels import (
    OpenChunks,
    decode_samples,
    decode_xor,
    encode_samples,
    encode_xor,
    frame_record,
    scan_log,
    snappy_compress,
    snappy_decompress,
)
from model.storage import Verdict

LOG_PAGE_BYTES = 32_768

sizes = pytest.mark.parametrize("series", [100, pytest.param(5_000, marks=pytest.mark.large)])
mixes = pytest.mark.parametrize("mix", ["constant", "counter", "gauge", "mixed"])


@mixes
@sizes
def bench_encode(benchmark, series, mix):
    flat = aligned_samples(mix, series)
    chunks, offsets = benchmark(encode_xor, *flat)
    note_each(benchmark, len(flat[0]))
    assert (decode_xor(chunks, offsets[:-1].copy(), np.diff(offsets))[1] == flat[1]).all()


@pytest.mark.parametrize("jitter_ms", [0, 3])
@mixes
@sizes
def bench_decode(benchmark, series, mix, jitter_ms):
    flat = aligned_samples(mix, series, jitter_ms)
    chunks, offsets = encode_xor(*flat)
    times, values, ends = benchmark(decode_xor, chunks, offsets[:-1].copy(), np.diff(offsets))
    note_each(benchmark, len(times))
    assert (times == flat[0]).all()
    assert (values == flat[1]).all()
    assert (ends == flat[2]).all()


def scrapes(mix, series, samples=SAMPLES):
    """Batches as they are committed: all series of a target at one time."""
    refs = np.arange(1, series + 1, dtype=np.uint64)
    columns = np.ascontiguousarray(values_of(mix, series, samples).T)
    for number, values in enumerate(columns):
        for first in range(0, series, SCRAPE):
            batch = slice(first, first + SCRAPE)
            times = np.full(len(refs[batch]), START_MS + number * INTERVAL_MS + first, np.int64)
            yield refs[batch].copy(), times, values[batch].copy()


def ingest(batches):
    head = OpenChunks()
    for batch in batches:
        verdicts = head.check(*batch, 0)
        assert verdicts[0] == verdicts[-1]
        assert verdicts[0] in (Verdict.ACCEPTED, Verdict.UNKNOWN_SERIES)
        assert not head.append(*batch).any()
    return head


@mixes
@sizes
def bench_check_and_append(benchmark, series, mix):
    batches = list(scrapes(mix, series))
    head = benchmark(ingest, batches)
    note_each(benchmark, series * SAMPLES)
    benchmark.extra_info["bytes_a_series"] = head.size_bytes() // series
    assert head.count(np.array([1, series], np.uint64), 0, 2**62).tolist() == [SAMPLES, SAMPLES]


@sizes
def bench_read_open_chunks(benchmark, series):
    head = ingest(scrapes("mixed", series))
    refs = np.arange(1, series + 1, dtype=np.uint64)
    times, values, _ = benchmark(head.read, refs, 0, 2**62, head.snapshot(), [])
    note_each(benchmark, len(times))
    assert (values == values_of("mixed", series).ravel()).all()


@sizes
def bench_latest(benchmark, series):
    head = ingest(scrapes("mixed", series))
    refs = np.arange(1, series + 1, dtype=np.uint64)
    _, values, present = benchmark(head.latest, refs, 2**60, 2**60, head.snapshot(), [])
    note_each(benchmark, series)
    assert present.all()
    assert (values == values_of("mixed", series)[:, -1]).all()


def logged(batches):
    segment = bytearray()
    for batch in batches:
        record = snappy_compress(encode_samples(*batch))
        segment += frame_record(record, 8, len(segment) % LOG_PAGE_BYTES)
    return segment


@pytest.mark.parametrize("samples", [SCRAPE])
def bench_encode_samples(benchmark, samples):
    batch = next(scrapes("mixed", samples))
    record = benchmark(encode_samples, *batch)
    note_each(benchmark, samples)
    assert (decode_samples([record])[2] == batch[2]).all()


@sizes
def bench_log_a_scrape(benchmark, series):
    batches = list(scrapes("mixed", series, samples=20))
    segment = benchmark(logged, batches)
    note_each(benchmark, series * 20)
    assert len(scan_log(segment, 0, 1 << 30)[0]) == len(batches)


def replay(segment):
    head, at = OpenChunks(), 0
    while at < len(segment):
        records, _, _, at, problem = scan_log(segment, at, 8 << 20)
        assert not problem
        head.append(*decode_samples([snappy_decompress(record) for record in records]))
    return head


@sizes
def bench_replay(benchmark, series):
    segment = logged(scrapes("mixed", series))
    head = benchmark(replay, segment)
    note_each(benchmark, series * SAMPLES)
    refs = np.arange(1, series + 1, dtype=np.uint64)
    assert (head.read(refs, 0, 2**62, head.snapshot(), [])[1] == values_of("mixed", series).ravel()).all()

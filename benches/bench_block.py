"""Blocks: writing an index, finding a few series among many, decoding their chunks."""

import numpy as np
import pytest

import kernels
from benches.bench_series_index import labels_of
from kernels import BlockIndex, BlockIndexEncoder, LabelFrame, Matcher, Symbols
from model.samples import SeriesBatch
from model.storage import SelectHints
from tsdb.blocks.batch import chunked, offsets_of
from tsdb.blocks.meta import BlockMeta
from tsdb.blocks.reader import Block
from tsdb.blocks.ulid import make_ulid
from tsdb.blocks.writer import write_block
from tsdb.disk import LocalDisk

SIZES = [10_000, pytest.param(1_000_000, marks=pytest.mark.large)]
CHUNKS = 4  # Of two hours at 15 s.
STEP_MS = 15_000


def sorted_frame(series: int) -> LabelFrame:
    frame = LabelFrame.from_labels(Symbols(), [labels_of(number) for number in range(series)])
    return frame.take(frame.order())


def index_of(frame: LabelFrame) -> list[bytes]:
    chunks = len(frame) * CHUNKS
    min_ms = np.tile(np.arange(CHUNKS) * 1_800_000, len(frame))
    encoder = BlockIndexEncoder(frame)
    entries = (
        encoder.symbols(),
        encoder.series(
            np.arange(0, chunks + 1, CHUNKS),
            min_ms,
            min_ms + 1_785_000,
            np.arange(chunks, dtype=np.uint64) * 300,
        ),
    )
    return [*entries, encoder.postings(), encoder.end()]


@pytest.mark.parametrize("series", SIZES)
def bench_writing_an_index(benchmark, series):
    frame = sorted_frame(series)
    parts = benchmark.pedantic(index_of, (frame,), rounds=3)
    file = b"".join(parts)
    benchmark.extra_info["bytes_per_series"] = len(file) / series
    assert len(BlockIndex(Symbols(), file).select([])) == series


@pytest.mark.parametrize("series", SIZES)
def bench_opening_an_index(benchmark, series):
    file = b"".join(index_of(sorted_frame(series)))
    index = benchmark.pedantic(BlockIndex, (Symbols(), file), rounds=5)
    benchmark.extra_info["heap_bytes"] = index.size_bytes()
    assert len(index.select([])) == series


@pytest.mark.parametrize("series", SIZES)
def bench_selection_of_ten_by_three_matchers(benchmark, series):
    index = BlockIndex(Symbols(), b"".join(index_of(sorted_frame(series))))
    matchers = [
        Matcher("__name__", "=", "http_requests_7_total"),
        Matcher("job", "=", "job-0"),
        Matcher("pod", "=~", "pod-[1-5]"),
    ]
    none = np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64)

    def select() -> LabelFrame:
        return index.series(index.select(matchers), 0, 7_200_000, none)[1]

    assert len(benchmark(select)) == 10


@pytest.mark.parametrize("series", SIZES)
def bench_labels_and_chunks_of_all_series(benchmark, series):
    index = BlockIndex(Symbols(), b"".join(index_of(sorted_frame(series))))
    none = np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64)
    ids = index.select([])
    _, labels, *_, refs = benchmark.pedantic(index.series, (ids, 0, 7_200_000, none), rounds=3)
    assert (len(labels), len(refs)) == (series, series * CHUNKS)


@pytest.mark.parametrize("series", [300, pytest.param(20_000, marks=pytest.mark.large)])
def bench_reading_chunks(benchmark, tmp_path, series):
    """Two hours of counters."""
    samples = 480
    frame = sorted_frame(series)
    times = np.tile(np.arange(samples) * STEP_MS, series)
    values = np.random.default_rng(1).integers(0, 100, series * samples).cumsum().astype(np.float64)
    batch = chunked(frame, SeriesBatch(times, values, offsets_of(np.full(series, samples))))
    meta = BlockMeta(make_ulid(1, bytes(10)), 0, samples * STEP_MS)
    write_block(LocalDisk(tmp_path), meta, [batch])
    block = Block.open(LocalDisk(tmp_path), Symbols(), meta.ulid)
    with block.querier(0, meta.max_ms) as querier:
        found = querier.select([], SelectHints(0, meta.max_ms))

    def read() -> int:
        return sum(len(part.values) for _, part in found.batches(128_000))

    assert benchmark(read) == series * samples
    benchmark.extra_info["samples_per_second"] = series * samples / benchmark.stats["median"]


def bench_decoding_the_same_chunks_without_checks(benchmark):
    """What `bench_reading_chunks` cannot be faster than."""
    series, samples = 300, 480
    times = np.tile(np.arange(samples) * STEP_MS, series)
    values = np.random.default_rng(1).integers(0, 100, series * samples).cumsum().astype(np.float64)
    ends = np.arange(0, series * samples + 1, 120)
    data, offsets = kernels.encode_xor(times, values, ends)
    starts, lengths = offsets[:-1].copy(), np.diff(offsets)
    decoded, *_ = benchmark(kernels.decode_xor, data, starts, lengths)
    assert np.array_equal(decoded, times)

"""Small blocks, and what is in them."""

import numpy as np

from kernels import LabelFrame, Symbols
from model.samples import SeriesBatch
from tests.properties.reference_block import label_order
from tsdb.blocks.batch import ChunkBatch, chunked, offsets_of
from tsdb.blocks.meta import BlockMeta
from tsdb.blocks.reader import Block
from tsdb.blocks.ulid import make_ulid
from tsdb.blocks.writer import write_block

ULID = make_ulid(1_700_000_000_000, b"0123456789")


def flat(samples):
    """Lists of (time, value), one a series, flattened."""
    times = np.array([t for own in samples for t, _ in own], np.int64)
    values = np.array([value for own in samples for _, value in own], np.float64)
    return SeriesBatch(times, values, offsets_of([len(own) for own in samples]))


def batches_of(symbols, content, per_batch=3, samples_per_chunk=120):
    """Batches of a dictionary from labels to samples."""
    rows = sorted(content, key=label_order)
    for start in range(0, len(rows), per_batch):
        part = rows[start : start + per_batch]
        frame = LabelFrame.from_labels(symbols, part)
        yield chunked(frame, flat([content[row] for row in part]), samples_per_chunk)


def write(disk, content, ulid=ULID, segment_bytes=512 << 20, **batching):
    times = [t for samples in content.values() for t, _ in samples]
    meta = BlockMeta(ulid, min(times, default=0), max(times, default=0) + 1, sources=(ulid,))
    return write_block(disk, meta, batches_of(Symbols(), content, **batching), segment_bytes)


def written(disk, content, **options):
    """The block of this content, opened again."""
    meta = write(disk, content, **options)
    return Block.open(disk, Symbols(), meta.ulid)


def batch_of(encoding):
    """One chunk of ten histograms, as far as its count goes."""
    arrays = np.array([0, 1]), np.array([encoding], np.uint8), np.array([5]), np.array([9])
    labels = LabelFrame.from_labels(Symbols(), [[("__name__", "h")]])
    return ChunkBatch(labels, *arrays, b"\x00\x0a\x00", np.array([0, 3]))

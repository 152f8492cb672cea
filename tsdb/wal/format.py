"""Numbers that reader and writer of the log share, and how stored records are compressed."""

from enum import IntEnum
from typing import Final, Literal

import zstandard

import kernels
from kernels import CorruptionError

PAGE_BYTES: Final = 32 << 10
HEADER_BYTES: Final = 7  # Of each fragment: type and flags, length, checksum.
SNAPPY: Final = 0x08  # Header bits 3 and 4 say how the whole record is compressed.
ZSTD: Final = 0x10
RECORD_BYTES_MAX: Final = (
    1 << 30
)  # What a decompressed record may claim to be; far above any that is written.

DIRECTORY: Final = "wal"
CHECKPOINT_PREFIX: Final = "checkpoint."


class RecordKind(IntEnum):
    """First byte of a record."""

    SERIES = 1
    SAMPLES = 2
    TOMBSTONES = 3
    EXEMPLARS = 4
    MARKERS = 5
    METADATA = 6
    HISTOGRAMS = 7
    FLOAT_HISTOGRAMS = 8
    CUSTOM_HISTOGRAMS = 9
    CUSTOM_FLOAT_HISTOGRAMS = 10
    SAMPLES_V2 = 11
    HISTOGRAMS_V2 = 12
    FLOAT_HISTOGRAMS_V2 = 13


STORED: Final = frozenset({RecordKind.SERIES, RecordKind.SAMPLES, RecordKind.METADATA})
"""Kinds that the head takes. The others are counted, and kept where the log is rewritten."""

_KINDS: Final = {int(kind): kind for kind in RecordKind}
_COMPRESSOR: Final = zstandard.ZstdCompressor()
_DECOMPRESSOR: Final = zstandard.ZstdDecompressor()


def kind_of(record: bytes) -> RecordKind | None:
    """None where a record is empty or of a kind nobody knows: readers pass over it."""
    return _KINDS.get(record[0]) if record else None


def compress(record: bytes, how: Literal["none", "snappy", "zstd"]) -> tuple[bytes, int]:
    """What is stored for a record, and its header flag; as it is where compression gains nothing."""
    if how == "none" or not record:
        return record, 0
    if how == "snappy":
        packed, flag = kernels.snappy_compress(record), SNAPPY
    else:
        packed, flag = _COMPRESSOR.compress(record), ZSTD
    return (packed, flag) if len(packed) < len(record) else (record, 0)


def decompress(stored: bytes, flags: int) -> bytes:
    """The record behind stored bytes.

    Raises:
        CorruptionError: they are no such stream, or would be too long.
    """
    if flags & ZSTD:
        return _decompress_zstd(stored)
    return kernels.snappy_decompress(stored) if flags & SNAPPY else stored


def _decompress_zstd(stored: bytes) -> bytes:
    try:
        if zstandard.frame_content_size(stored) > RECORD_BYTES_MAX:
            raise CorruptionError(f"zstd record: want at most {RECORD_BYTES_MAX} bytes")
        stream = _DECOMPRESSOR.decompressobj()
        record = stream.decompress(stored)
    except zstandard.ZstdError as error:
        raise CorruptionError(f"zstd record: {error}") from error
    if not stream.eof:
        raise CorruptionError(f"zstd record: want a whole frame, got the first {len(stored)} bytes of one")
    return record

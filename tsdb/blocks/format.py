"""Names and numbers that reader and writer of a block share. `docs/formats/block.md` draws the files."""

from enum import IntEnum
from typing import Final

from model.errors import CorruptStoreError

META: Final = "meta.json"
INDEX: Final = "index"
CHUNKS: Final = "chunks"
TOMBSTONES: Final = "tombstones"

CREATED_SUFFIX: Final = ".tmp-for-creation"
DELETED_SUFFIX: Final = ".tmp-for-deletion"

META_VERSION: Final = 1
SEGMENT_HEADER: Final = bytes.fromhex("85bd40dd") + bytes([1, 0, 0, 0])
SEGMENT_BYTES_MAX: Final = 512 << 20
SAMPLES_PER_CHUNK: Final = 120


class Encoding(IntEnum):
    """How a chunk holds its samples."""

    XOR = 1
    HISTOGRAM = 2
    FLOAT_HISTOGRAM = 3
    XOR2 = 4
    HISTOGRAM_ST = 5
    FLOAT_HISTOGRAM_ST = 6


WRITTEN: Final = frozenset({Encoding.XOR, Encoding.HISTOGRAM, Encoding.FLOAT_HISTOGRAM})
"""What may stand in a block that Prometheus 2.42 has to read."""


def segment_name(number: int) -> str:
    """The file of chunk segment `number`, counted from 0, as chunk references count them."""
    return f"{CHUNKS}/{number + 1:06d}"


def want_segment_header(name: str, data: memoryview) -> None:
    """
    Raises:
        CorruptStoreError: the file begins with something else.
    """
    got = bytes(data[: len(SEGMENT_HEADER)])
    if got[:5] != SEGMENT_HEADER[:5] or len(got) < len(SEGMENT_HEADER):
        raise CorruptStoreError(
            f"{name}: want a header of {SEGMENT_HEADER.hex()}, got {got.hex() or 'nothing'}"
        )

"""Samples as arrays: many series flattened, and one value per series at one instant."""

import struct
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

STALE_BITS: Final = 0x7FF0_0000_0000_0002
"""The bits of a staleness marker. It is a signalling NaN: compare bits, never values."""

STALE: Final = struct.unpack("<d", STALE_BITS.to_bytes(8, "little"))[0]


@dataclass(frozen=True, slots=True)
class SeriesBatch:
    """Samples of many series, flattened so that one kernel call serves all of them."""

    timestamps_ms: NDArray[np.int64]  # [samples], Unix milliseconds, rising within a series.
    values: NDArray[np.float64]  # [samples], staleness markers included.
    offsets: NDArray[np.int64]  # [series + 1]; series i owns offsets[i]:offsets[i + 1].

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def first(self, series: int) -> Self:
        """The batch of the first `series` series; the arrays are views."""
        offsets = self.offsets[: series + 1]
        samples = int(offsets[-1])
        return type(self)(self.timestamps_ms[:samples], self.values[:samples], offsets)


@dataclass(frozen=True, slots=True)
class InstantColumn:
    """The newest sample of each series at one instant."""

    timestamps_ms: NDArray[np.int64]  # [series]; of a stale sample too; -2**63 where there is none at all.
    values: NDArray[np.float64]  # [series].
    present: NDArray[np.bool_]  # [series]; a stale or too old sample is absent.

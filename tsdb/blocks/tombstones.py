"""What was deleted from a block and still lies in it, as closed intervals by series."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import CorruptionError
from model.errors import CorruptStoreError
from tsdb.blocks.format import TOMBSTONES
from tsdb.disk import Disk, replace_file

Stones = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Deleted intervals, by series and then by time; no two of one series overlap or touch."""

    ids: NDArray[np.uint32]  # The series, as the index numbers them.
    min_ms: NDArray[np.int64]
    max_ms: NDArray[np.int64]  # Deleted too.

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> Stones:
        """As kernels take them."""
        return self.ids, self.min_ms, self.max_ms

    def with_more(
        self, ids: NDArray[np.uint32], min_ms: NDArray[np.int64], max_ms: NDArray[np.int64]
    ) -> Self:
        """These and others, which may overlap them and each other."""
        merged = kernels.merge_tombstones(
            np.concatenate([self.ids, ids]),
            np.concatenate([self.min_ms, min_ms]),
            np.concatenate([self.max_ms, max_ms]),
        )
        return type(self)(*merged)


NONE: Final = Tombstones(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.int64))


def read_tombstones(disk: Disk, directory: str) -> Tombstones:
    """Those of the block in `directory`; none where it has no such file.

    Raises:
        CorruptStoreError: the file is not what was written.
    """
    if TOMBSTONES not in disk.list(directory):
        return NONE
    try:
        return Tombstones(*kernels.decode_tombstones(disk.map(f"{directory}/{TOMBSTONES}")))
    except CorruptionError as error:
        raise CorruptStoreError(f"{directory}/{error}") from error


def write_tombstones(disk: Disk, directory: str, tombstones: Tombstones) -> None:
    """Replace those of the block in `directory`, whole or not at all."""
    replace_file(disk, f"{directory}/{TOMBSTONES}", kernels.encode_tombstones(tombstones.columns))

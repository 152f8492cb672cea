"""A set of series refs that answers for thousands of them at once.

Refs are dense where series are born together and sparse after churn, so the set is a directory of pages:

    pages      [ 3, -1, 0, 1, ... ]     page number of refs [65536 k, 65536 (k + 1)), -1 where there is none
    members    [ page, 65536 ] bools

Asking costs two array lookups a ref, and a page of dead refs costs nothing once it is dropped.
"""

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from model.errors import CorruptStoreError

REF_MAX: Final = (1 << 40) - 1  # Chunk references need the rest of a word.
_PAGE_BITS: Final = 16
_PAGE_REFS: Final = 1 << _PAGE_BITS


@final
class RefSet:
    """Grows by `add`, shrinks by `retain`. One writer at a time; readers may look on."""

    def __init__(self) -> None:
        self._pages = np.full(1, -1, dtype=np.int32)
        self._members = np.zeros((0, _PAGE_REFS), dtype=np.bool_)
        self.highest = 0  # The largest ref ever added; kept when it leaves.

    def add(self, refs: NDArray[np.uint64]) -> None:
        """
        Raises:
            CorruptStoreError: a ref is larger than any that a store gives.
        """
        if not len(refs):
            return
        highest = int(refs.max())
        if highest > REF_MAX:
            raise CorruptStoreError(f"series ref {highest}: want at most {REF_MAX}")
        self.highest = max(self.highest, highest)
        places = (refs >> np.uint64(_PAGE_BITS)).astype(np.int64)
        self._make_pages(np.unique(places), highest >> _PAGE_BITS)
        self._members[self._pages[places], (refs & np.uint64(_PAGE_REFS - 1)).astype(np.int64)] = True

    def _make_pages(self, places: NDArray[np.int64], last: int) -> None:
        pages = self._pages
        if last >= len(pages):
            pages = np.full(max(last + 1, 2 * len(pages)), -1, dtype=np.int32)
            pages[: len(self._pages)] = self._pages
        missing = places[pages[places] < 0]
        if len(missing):
            more = np.zeros((len(missing), _PAGE_REFS), dtype=np.bool_)
            grown = np.concatenate([self._members, more])
            pages[missing] = np.arange(len(self._members), len(grown), dtype=np.int32)
            self._members = grown  # Before the directory that points into it, for readers who look on.
        self._pages = pages

    def contains(self, refs: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each ref is a member."""
        pages, members = self._pages, self._members
        if not len(members) or not len(refs):
            return np.zeros(len(refs), dtype=np.bool_)
        places = refs >> np.uint64(_PAGE_BITS)
        inside = places < np.uint64(len(pages))
        if inside.all():
            page = pages[places]
        else:
            page = np.where(inside, pages[np.where(inside, places, np.uint64(0))], -1)
        found: NDArray[np.bool_] = members[page, refs & np.uint64(_PAGE_REFS - 1)]
        return found & (page >= 0)

    def retain(self, refs: NDArray[np.uint64]) -> None:
        """Forget every other member."""
        kept = RefSet()
        kept.add(refs)
        self._pages, self._members = kept._pages, kept._members

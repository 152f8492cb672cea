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
_PAGE_BITS: Final = np.uint64(16)
_PAGE_REFS: Final = 1 << 16
_IN_PAGE: Final = np.uint64(_PAGE_REFS - 1)


@final
class RefSet:
    """Grows by `add`, shrinks by `retain`. One writer at a time; readers may look on."""

    def __init__(self) -> None:
        # One attribute, replaced whole: no reader sees a directory beside members of another time.
        self._table = (np.full(1, -1, dtype=np.int32), np.zeros((1, _PAGE_REFS), dtype=np.bool_))
        self._pages_used = 0
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
        places = (refs >> _PAGE_BITS).astype(np.int64)
        self._make_pages(np.unique(places))
        pages, members = self._table
        members[pages[places], (refs & _IN_PAGE).astype(np.int64)] = True

    def _make_pages(self, places: NDArray[np.int64]) -> None:
        pages, members = self._table
        if places[-1] >= len(pages):
            grown = np.full(max(int(places[-1]) + 1, 2 * len(pages)), -1, dtype=np.int32)
            grown[: len(pages)] = pages
            pages = grown
        missing = places[pages[places] < 0]
        if not len(missing):
            return
        used = self._pages_used + len(missing)
        if used > len(members):
            more = np.zeros((max(used, 2 * len(members)), _PAGE_REFS), dtype=np.bool_)
            more[: self._pages_used] = members[: self._pages_used]
            members = more
        pages = pages.copy()
        pages[missing] = np.arange(self._pages_used, used, dtype=np.int32)
        self._pages_used = used
        self._table = (pages, members)

    def contains(self, refs: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each ref is a member."""
        pages, members = self._table
        places = (refs >> _PAGE_BITS).astype(np.int64)
        if len(refs) and int(refs.max()) >> int(_PAGE_BITS) >= len(pages):
            places = np.minimum(places, len(pages) - 1)
            beyond = refs >> _PAGE_BITS >= np.uint64(len(pages))
        else:
            beyond = np.zeros(1, dtype=np.bool_)
        page = pages[places]
        found: NDArray[np.bool_] = members[page, (refs & _IN_PAGE).astype(np.int64)]
        return found & (page >= 0) & ~beyond

    def retain(self, refs: NDArray[np.uint64]) -> None:
        """Forget every other member."""
        kept = RefSet()
        kept.add(refs)
        self._table, self._pages_used = kept._table, kept._pages_used

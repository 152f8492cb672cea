"""A set of series refs that answers for thousands of them at once.

Refs are dense where series are born together and sparse after churn, so the set is a directory of pages:

    pages      [ 2, 0, 1, 3, ... ]     page number of refs [65536 k, 65536 (k + 1)); page 0 stays empty
    members    [ page * 65536 ] bools

Asking costs two array lookups a ref, and a page of dead refs costs nothing once it is dropped. Until the
first series dies every ref from 1 on is a member, and then asking costs next to nothing.
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
        # One attribute, replaced whole: no reader sees a directory beside members of another time.
        self._table = (np.zeros(1, dtype=np.int64), np.zeros(_PAGE_REFS, dtype=np.bool_))
        self._pages_used = 1
        self._dense = 0  # Every ref from 1 to here is a member.
        self.highest = 0  # The largest ref ever added; kept when it leaves.

    def add(self, refs: NDArray[np.uint64]) -> None:
        """
        Raises:
            CorruptStoreError: a ref is larger than any that a store gives.
        """
        if not len(refs):
            return
        if not (
            refs[1:] > refs[:-1]
        ).all():  # They nearly always rise, and sorting half a million takes long.
            refs = np.unique(refs)
        lowest, highest = int(refs[0]), int(refs[-1])
        if highest > REF_MAX:
            raise CorruptStoreError(f"series ref {highest}: want at most {REF_MAX}")
        numbers = (refs >> np.uint64(_PAGE_BITS)).astype(np.int64)
        self._make_pages(numbers[np.diff(numbers, prepend=-1) > 0])
        pages, members = self._table
        members[_places(refs, pages)] = True
        self.highest = max(self.highest, highest)
        if 0 < lowest <= self._dense + 1 and len(refs) == highest - lowest + 1:
            self._dense = max(self._dense, highest)

    def _make_pages(self, numbers: NDArray[np.int64]) -> None:
        pages, members = self._table
        grown = np.zeros(max(int(numbers[-1]) + 1, len(pages)), dtype=np.int64)
        grown[: len(pages)] = pages
        missing = numbers[grown[numbers] == 0]
        if not len(missing):
            return
        used = self._pages_used + len(missing)
        if used * _PAGE_REFS > len(members):
            more = np.zeros(max(used * _PAGE_REFS, 2 * len(members)), dtype=np.bool_)
            more[: len(members)] = members
            members = more
        grown[missing] = np.arange(self._pages_used, used)
        self._pages_used = used
        self._table = (grown, members)

    def contains(self, refs: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each ref is a member."""
        if not len(refs):
            return np.zeros(0, dtype=np.bool_)
        highest = int(refs.max())
        if highest <= self._dense and int(refs.min()) > 0:
            return np.ones(len(refs), dtype=np.bool_)
        pages, members = self._table
        last = (len(pages) << _PAGE_BITS) - 1
        if highest <= last:
            return members.take(_places(refs, pages))
        inside = refs <= np.uint64(last)
        found = np.zeros(len(refs), dtype=np.bool_)
        found[inside] = members.take(_places(refs[inside], pages))
        return found

    def retain(self, refs: NDArray[np.uint64]) -> None:
        """Forget every other member."""
        kept = RefSet()
        kept.add(refs)
        self._dense = (
            kept._dense
        )  # First: a reader between the two lines asks the old table, which is still right.
        self._table, self._pages_used = kept._table, kept._pages_used


def _places(refs: NDArray[np.uint64], pages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each ref stands among the members; all of them lie within the directory."""
    signed = refs.view(np.int64)
    places = pages.take(signed >> _PAGE_BITS)
    places <<= _PAGE_BITS
    places |= signed & (_PAGE_REFS - 1)
    return places

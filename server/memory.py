"""What the process asks of the C library, so that it stays small."""

import ctypes
from typing import Final

M_ARENA_MAX: Final = -8  # From <malloc.h>.
ARENAS: Final = 2


def limit_arenas() -> None:
    """Share two heaps among all threads.

    glibc gives up to eight threads per core a heap each, and what one frees the others cannot use. Worker
    threads take turns, so they need no more than two. Other C libraries have no such heaps, and no such call.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)

"""A lock that many readers share and one writer has alone.

Reading chunk files needs it: where a chunk lies may change only while nobody is between "give me the files"
and "read what they hold". Writers are rare (once a minute) and go first, so that a row of readers cannot keep
one out for ever.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final


@final
class SharedLock:
    """Not reentrant, in neither way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._writers = 0  # Waiting or at work.
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Together with other readers."""
        with self._changed:
            self._changed.wait_for(lambda: self._writers == 0)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody else."""
        with self._changed:
            self._writers += 1
            self._changed.wait_for(lambda: self._readers == 0 and not self._alone)
            self._alone = True
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._writers -= 1
                self._changed.notify_all()

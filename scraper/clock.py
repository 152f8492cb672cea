"""Time as the collector sees it; tests put their own in its place."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall-clock time, and waiting."""

    def now_ns(self) -> int:
        """Unix nanoseconds."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; whether it was set."""
        ...


class SystemClock:
    """The machine's own time."""

    def now_ns(self) -> int:
        """Unix nanoseconds."""
        return time.time_ns()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait until `event` is set or `seconds` have passed; whether it was set."""
        if event.is_set() or seconds <= 0:
            await asyncio.sleep(0)
            return event.is_set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

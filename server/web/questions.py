"""A bounded pool of threads behind which everything slow is answered.

One request costs one hop to a thread and one back. The pool is our own because the hop is most of what a
small question costs, and `concurrent.futures` takes two futures and three locks for it. A single watcher sees
to all that wait, four times a second: it cancels the questions of clients that went away, and gives up on
those whose time passed before a thread was free.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from promql.engine import Engine
from server.metrics.queries import QueryMetrics
from server.web.envelope import ApiError, ErrorType
from server.web.parameters import bad_data

WATCH_INTERVAL_S: Final = 0.25
QUEUE_TIMEOUT: Final = 'invalid parameter "query": query timed out in query queue'


@dataclass(slots=True, eq=False)
class Ticket:
    """One question on its way; times are on the monotonic clock."""

    request: Request
    question: "Question"
    answer: asyncio.Future[Response]
    deadline_s: float
    began_s: float
    picked_s: float = 0.0  # When a thread took it up; 0 while it waits.
    done_s: float = 0.0
    cancel: Event = field(default_factory=Event)  # Set when nobody waits any more.


Question = Callable[[Ticket], Response]


class Questions:
    """The engine behind its threads."""

    def __init__(self, engine: Engine) -> None:
        """Belongs to the running loop."""
        self.engine = engine
        self.metrics = QueryMetrics(engine.options.max_concurrency)
        self._loop = asyncio.get_running_loop()
        self._threads: list[Thread] = []
        self._queue: SimpleQueue[Ticket | None] = SimpleQueue()
        self._tickets: set[Ticket] = set()
        self._closing = False

    async def ask(self, request: Request, question: Question, deadline_s: float = math.inf) -> Response:
        """What `question` answers in a thread.

        Raises:
            ApiError: the question's, or no thread was free in time, or the server ends.
        """
        if self._closing:
            raise ApiError(ErrorType.CANCELED, "the server is shutting down")
        ticket = Ticket(request, question, self._loop.create_future(), deadline_s, time.monotonic())
        self._tickets.add(ticket)
        self.metrics.running += 1
        if len(self._tickets) > len(self._threads) < self.engine.options.max_concurrency:
            self._start_thread()
        self._queue.put(ticket)
        try:
            return await ticket.answer
        finally:
            if not ticket.done_s:
                ticket.cancel.set()
            self._tickets.discard(ticket)
            self.metrics.note(ticket.began_s, ticket.picked_s, ticket.done_s)

    async def watch(self) -> None:
        """Look after what waits, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL_S)
            now_s = time.monotonic()
            for ticket in tuple(self._tickets):
                if not ticket.picked_s and now_s >= ticket.deadline_s:
                    _settle(ticket, None, bad_data(QUEUE_TIMEOUT))
                elif not ticket.cancel.is_set() and await ticket.request.is_disconnected():
                    ticket.cancel.set()

    def cancel_all(self) -> None:
        """Nobody shall wait any more, and nobody may ask any more."""
        self._closing = True
        for ticket in tuple(self._tickets):
            ticket.cancel.set()

    def close(self) -> None:
        """End the threads once they have answered what was asked."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _start_thread(self) -> None:
        thread = Thread(target=self._work, name=f"query_{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (ticket := self._queue.get()) is not None:
            response, error = None, None
            ticket.picked_s = time.monotonic()
            try:
                response = ticket.question(ticket)
            except Exception as raised:  # noqa: BLE001 -- it is raised where the answer is awaited.
                error = raised
            ticket.done_s = time.monotonic()
            self._loop.call_soon_threadsafe(_settle, ticket, response, error)


def _settle(ticket: Ticket, response: Response | None, error: Exception | None) -> None:
    """Hand over what came of it, unless that was given up meanwhile."""
    if ticket.answer.done():
        return
    if error is not None:
        ticket.answer.set_exception(error)
    else:
        assert response is not None
        ticket.answer.set_result(response)

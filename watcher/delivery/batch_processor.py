"""A step of the delivery: one thread that takes what has piled up and handles it in one go."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Event
from typing import Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from watcher.domain.errors import LedgerError, QueueError, SinkError
from watcher.domain.ports import Clock
from watcher.telemetry.health import Beat

T = TypeVar("T")

RETRIED = (SinkError, LedgerError, QueueError)
MAX_RETRY_WAIT = 15.0
"""Seconds at most between two tries of a backend that is down; the tries go on for as long as it takes."""

_backoff = wait_random_exponential(multiplier=0.2, max=MAX_RETRY_WAIT)


class Patience:
    """Calls a backend until it works, with jittered exponential backoff that a halt interrupts."""

    def __init__(self, halt: Event, beat: Beat) -> None:
        """`beat` is the calling thread's, which rests between two tries: a restart does not help a backend."""
        self._halt = halt
        self._beat = beat

    def call(
        self,
        work: Callable[[], T],
        on_failure: Callable[[BaseException], None],
        wait: Callable[[RetryCallState], float] | None = None,
    ) -> T:
        """Run `work` until it raises none of `RETRIED`; `on_failure` is told of each failure.

        `wait`: tenacity's, for the seconds between two tries; jittered exponential backoff if there is none.

        Raises:
            WatcherError: the last failure, if the halt came before a success.
        """

        def failed(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if error is not None:
                on_failure(error)

        retrying = Retrying(
            wait=wait or _backoff,
            stop=stop_when_event_set(self._halt),
            retry=retry_if_exception_type(RETRIED),
            sleep=self._sleep,
            after=failed,
            reraise=True,
        )
        return retrying(work)

    def _sleep(self, seconds: float) -> None:
        self._beat.rest()
        sleep_using_event(self._halt)(seconds)
        self._beat.beat()


class BatchProcessor(Generic[T]):
    """Handles items in order, in batches as large as the backlog: a slow disk makes batches longer, not the wait."""

    def __init__(
        self,
        handle: Callable[[Sequence[T], Patience], None],
        max_batch: int,
        *,
        clock: Clock,
        gather: float = 0.0,
        rest: float = 0.0,
        full: int = 1,
    ) -> None:
        """`handle` gets a batch, and the patience to call backends with.

        `gather` is how many seconds a batch that is not full waits for more, where each call costs money. `rest` is
        how many there are at least from one batch to the next, where each costs time that others need more: what
        comes after a pause doesn't wait. Both end early at a multiple of `full`, which is what one call takes.
        """
        self._handle = handle
        self._max_batch = max_batch
        self._clock = clock
        self._gather = gather
        self._rest = rest
        self._full = full
        self._rested_at = -math.inf
        self._inbox: deque[T] = deque()
        self._is_closed = False
        self._changed = Condition()

    def put(self, item: T) -> None:
        """Hand over an item; never blocks (what is in flight is bounded at the intake). Nothing after the close."""
        with self._changed:
            if self._is_closed:
                return
            self._inbox.append(item)
            # Not for each: a thread that is woken costs more than what it is woken for.
            if len(self._inbox) == 1 or self._is_full():
                self._changed.notify()

    def close(self) -> None:
        """Let the thread end once everything before this is handled."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def run(self, halt: Event, beat: Beat) -> None:
        """Handle batches until it is closed, or `halt` says that there is no more time."""
        patience = Patience(halt, beat)
        is_open = True
        while is_open and not halt.is_set():
            beat.rest()
            batch, is_open = self._next_batch()
            beat.beat()
            if batch:
                self._handle(batch, patience)

    def _next_batch(self) -> tuple[list[T], bool]:
        """What is next, at once if it is full, and whether there can be more after it."""
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._is_closed)
            pause = max(self._gather, self._rested_at - self._clock.monotonic())
            if pause > 0.0:
                self._changed.wait_for(self._is_full, pause)
            self._rested_at = self._clock.monotonic() + self._rest
            batch = [self._inbox.popleft() for _ in range(min(self._max_batch, len(self._inbox)))]
            return batch, bool(self._inbox) or not self._is_closed

    def _is_full(self) -> bool:
        waiting = len(self._inbox)
        return self._is_closed or waiting >= self._max_batch or waiting % self._full == 0

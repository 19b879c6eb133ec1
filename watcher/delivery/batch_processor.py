"""A step of the delivery: one thread that handles everything that has accumulated in one batch."""

import math
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Event
from typing import Generic, TypeVar

from watcher.domain.ports import Clock
from watcher.telemetry.health import Beat
from watcher.util.retry import RetryUntilStopped

T = TypeVar("T")


class BatchProcessor(Generic[T]):
    """Handles items in order, in batches as large as the backlog: a slow disk enlarges batches, not waits."""

    def __init__(
        self,
        handle: Callable[[Sequence[T], RetryUntilStopped], None],
        max_batch: int,
        *,
        clock: Clock,
        linger: float = 0.0,
        min_interval: float = 0.0,
        batch_size: int = 1,
        changed: Condition | None = None,
    ) -> None:
        """`handle` gets a batch, and the retry policy for its backend calls.

        `linger`: seconds that a batch that is not full waits for more items, if each call costs money.
        `min_interval`: minimum seconds between batches, if each costs time that others need more; items after a pause
        don't wait. Both end early at a multiple of `batch_size`, the size of one call. `changed` is what the thread
        waits on, for items and for its time.
        """
        self._handle = handle
        self._max_batch = max_batch
        self._clock = clock
        self._linger = linger
        self._min_interval = min_interval
        self._batch_size = batch_size
        self._rested_at = -math.inf
        self._inbox: deque[T] = deque()
        self._is_closed = False
        self._changed = changed or Condition()

    def put(self, item: T) -> None:
        """Hand over an item; never blocks (the consumer bounds what is in flight). Not after the close."""
        with self._changed:
            if self._is_closed:
                return
            self._inbox.append(item)
            # Not for each item: waking a thread costs more than handling one.
            if len(self._inbox) == 1 or self._is_full():
                self._changed.notify()

    def close(self) -> None:
        """Let the thread end once everything handed over before is handled."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def run(self, halt: Event, beat: Beat) -> None:
        """Handle batches until closed, or until `halt` says that time is up."""
        retry = RetryUntilStopped(halt, beat)
        is_open = True
        while is_open and not halt.is_set():
            beat.rest()
            batch, is_open = self._next_batch()
            beat.beat()
            if batch:
                self._handle(batch, retry)

    def _next_batch(self) -> tuple[list[T], bool]:
        """The next batch, immediately if it is full, and whether there can be another."""
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._is_closed)
            pause = max(self._linger, self._rested_at - self._clock.monotonic())
            if pause > 0.0:
                self._changed.wait_for(self._is_full, pause)
            self._rested_at = self._clock.monotonic() + self._min_interval
            batch = [self._inbox.popleft() for _ in range(min(self._max_batch, len(self._inbox)))]
            return batch, bool(self._inbox) or not self._is_closed

    def _is_full(self) -> bool:
        waiting = len(self._inbox)
        return self._is_closed or waiting >= self._max_batch or waiting % self._batch_size == 0

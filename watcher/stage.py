"""A stage of the delivery: one thread that takes what has piled up and handles it in one go."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event
from typing import Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from watcher.errors import LedgerError, QueueError, SinkError
from watcher.health import Beat

T = TypeVar("T")

RETRIED = (SinkError, LedgerError, QueueError)
MAX_RETRY_WAIT = 15.0
"""Seconds at most between two tries of a backend that is down; the tries go on for as long as it takes."""


class Stage(Generic[T]):
    """Handles items in order, in batches as large as the backlog: a slow disk makes batches longer, not the wait."""

    def __init__(self, handle: Callable[[Sequence[T]], None], max_batch: int) -> None:
        self._handle = handle
        self._max_batch = max_batch
        self._inbox: SimpleQueue[T | None] = SimpleQueue()

    def put(self, item: T) -> None:
        """Hand over an item; never blocks (what is in flight is bounded at the intake)."""
        self._inbox.put(item)

    def close(self) -> None:
        """Let the thread end once everything before this is handled."""
        self._inbox.put(None)

    def run(self, halt: Event, beat: Beat) -> None:
        """Handle batches until the stage is closed, or `halt` says that there is no more time."""
        is_open = True
        while is_open and not halt.is_set():
            beat.rest()
            batch, is_open = self._next_batch()
            beat.beat()
            if batch:
                self._handle(batch)

    def _next_batch(self) -> tuple[list[T], bool]:
        batch: list[T] = []
        try:
            item = self._inbox.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= self._max_batch:
                    return batch, True
                item = self._inbox.get_nowait()
        except Empty:
            return batch, True
        return batch, False


def persist(work: Callable[[], T], halt: Event, on_failure: Callable[[BaseException], None]) -> T:
    """Run `work` until it raises none of `RETRIED`; jittered exponential backoff that `halt` interrupts.

    Raises:
        WatcherError: the last failure, if the halt came before a success.
    """

    def failed(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            on_failure(error)

    retrying = Retrying(
        wait=wait_random_exponential(multiplier=0.2, max=MAX_RETRY_WAIT),
        stop=stop_when_event_set(halt),
        retry=retry_if_exception_type(RETRIED),
        sleep=sleep_using_event(halt),
        after=failed,
        reraise=True,
    )
    return retrying(work)

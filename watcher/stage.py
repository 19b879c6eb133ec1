"""A stage of the delivery: one thread that takes what has piled up and handles it in one go."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from typing import Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from watcher.errors import LedgerError, QueueError, SinkError
from watcher.health import Beat

T = TypeVar("T")

RETRIED = (SinkError, LedgerError, QueueError)
MAX_RETRY_WAIT = 15.0
"""Seconds at most between two tries of a backend that is down; the tries go on for as long as it takes."""

_backoff = wait_random_exponential(multiplier=0.2, max=MAX_RETRY_WAIT)


class Patience:
    """Calls a backend until it works, with jittered exponential backoff that a halt interrupts."""

    def __init__(self, halt: Event, beat: Beat) -> None:
        """`beat` is the calling thread's: a backend that is down is no reason to restart the watcher."""
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
            self._beat.beat()
            error = state.outcome.exception() if state.outcome else None
            if error is not None:
                on_failure(error)

        retrying = Retrying(
            wait=wait or _backoff,
            stop=stop_when_event_set(self._halt),
            retry=retry_if_exception_type(RETRIED),
            sleep=sleep_using_event(self._halt),
            after=failed,
            reraise=True,
        )
        return retrying(work)


class Stage(Generic[T]):
    """Handles items in order, in batches as large as the backlog: a slow disk makes batches longer, not the wait."""

    def __init__(
        self, handle: Callable[[Sequence[T], Patience], None], max_batch: int, gather: float = 0.0, full: int = 1
    ) -> None:
        """`handle` gets a batch, and the patience to call backends with.

        `gather` is how many seconds a batch that is not full waits for more: for work that nobody waits for, where
        each call costs money. It ends early at a multiple of `full`, which is what one of these calls takes.
        """
        self._handle = handle
        self._max_batch = max_batch
        self._gather = gather
        self._full = full
        self._inbox: SimpleQueue[T | None] = SimpleQueue()

    def put(self, item: T) -> None:
        """Hand over an item; never blocks (what is in flight is bounded at the intake)."""
        self._inbox.put(item)

    def close(self) -> None:
        """Let the thread end once everything before this is handled."""
        self._inbox.put(None)

    def run(self, halt: Event, beat: Beat) -> None:
        """Handle batches until the stage is closed, or `halt` says that there is no more time."""
        patience = Patience(halt, beat)
        is_open = True
        while is_open and not halt.is_set():
            beat.rest()
            batch, is_open = self._next_batch()
            beat.beat()
            if batch:
                self._handle(batch, patience)

    def _next_batch(self) -> tuple[list[T], bool]:
        batch: list[T] = []
        try:
            item = self._inbox.get()
            until = monotonic() + self._gather
            while item is not None:
                batch.append(item)
                is_full = len(batch) % self._full == 0 and self._inbox.empty()
                if is_full or len(batch) >= self._max_batch:
                    return batch, True
                item = self._inbox.get(timeout=max(0.0, until - monotonic()))
        except Empty:
            return batch, True
        return batch, False

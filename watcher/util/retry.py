"""Retries calls to a backend that is down, with backoff, until it works or the daemon stops."""

from collections.abc import Callable
from threading import Event
from typing import Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from watcher.domain.errors import LedgerError, QueueError, SinkError

T = TypeVar("T")


class Heartbeat(Protocol):
    """A thread's sign of progress."""

    def beat(self) -> None:
        """Progress was made."""

    def rest(self) -> None:
        """The thread waits for something else from now on."""


RETRIED = (SinkError, LedgerError, QueueError)
MAX_RETRY_WAIT = 15.0
"""Maximum seconds between two tries of a backend that is down; they continue for as long as it takes."""

BACKOFF = wait_random_exponential(multiplier=0.2, max=MAX_RETRY_WAIT)
"""Seconds between two tries, unless the caller has its own: jittered, so that watchers don't retry together."""


class RetryUntilStopped:
    """Calls a backend until it works, with jittered exponential backoff that a halt interrupts."""

    def __init__(self, halt: Event, beat: Heartbeat) -> None:
        """`beat` is the calling thread's, which rests between two tries: a restart would not help the backend."""
        self._halt = halt
        self._beat = beat

    def call(
        self,
        work: Callable[[], T],
        on_failure: Callable[[BaseException], None],
        wait: Callable[[RetryCallState], float] | None = None,
    ) -> T:
        """Run `work` until it raises none of `RETRIED`; `on_failure` is called with each failure.

        `wait`: tenacity's, for the seconds between two tries; jittered exponential backoff by default.

        Raises:
            WatcherError: the last failure, if the halt came before a success.
        """

        def failed(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if error is not None:
                on_failure(error)

        retrying = Retrying(
            wait=wait or BACKOFF,
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

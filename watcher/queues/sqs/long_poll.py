"""Long polls that a stop can interrupt without losing messages.

A poll can't be cancelled: SQS continues it after the connection is closed, and a message that it then delivers to no
one stays leased until the visibility time-out. So each poll runs in its own thread, a stop abandons it, and messages
that it still receives are released at once. It is short (seconds), because closing the queue waits for it.
"""

from collections.abc import Callable
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

import structlog

from watcher.domain.errors import QueueError
from watcher.queues.sqs.constants import POLLING

log = structlog.get_logger(__name__)

T = TypeVar("T")


class LongPoll(Generic[T]):
    """One call in its own thread; `give_back` gets its result if no one waits for it any more."""

    def __init__(self, call: Callable[[], T], give_back: Callable[[T], None]) -> None:
        self._call = call
        self._give_back = give_back
        self._changed = Condition()
        self._is_over = self._is_abandoned = False
        self._result: T | None = None
        self._error: BaseException | None = None
        # A daemon: a call that hangs must not keep the process from ending.
        self._thread = Thread(target=self._run, name="sqs-poll", daemon=True)
        self._thread.start()

    def wait(self, stop: Event) -> T | None:
        """The result; None, giving it up, if `stop` comes first."""
        with self._changed:
            while not self._changed.wait_for(lambda: self._is_over, POLLING.tick):
                if stop.is_set():
                    self._is_abandoned = True
                    return None
        if self._error is not None:
            raise self._error
        return self._result

    def join(self, seconds: float) -> bool:
        """Wait until it is over and, if abandoned, its messages are released; False if that took longer."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._is_abandoned and self._result is not None:
            try:
                self._give_back(self._result)
            except QueueError as error:
                log.warning("long_poll_release_failed", error=str(error), consequence="its leases expire")

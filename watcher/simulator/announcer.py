"""Sends hints when they are due, in a thread of its own, so that a slow queue doesn't slow the endpoint down."""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence

from watcher.simulator.hint_messages import bodies
from watcher.simulator.hints import SimulatedHint
from watcher.simulator.limits import LIMITS

SendHints = Callable[[Sequence[str]], object]
OnHintError = Callable[[Exception], object]


class HintBacklogError(Exception):
    """More hints wait than are kept, so one was dropped."""


class Announcer:
    """Holds hints until they are due. Thread-safe; `add` never waits for `send`.

    The first of several failures in a row, and the first hint that is dropped, go to `on_error`. What was not sent is
    lost, as with a real producer.
    """

    def __init__(
        self,
        send: SendHints,
        on_error: OnHintError,
        clock: Callable[[], float],
        epoch_clock: Callable[[], float],
        image_size: int,
        most_waiting: int = LIMITS.hints,
    ) -> None:
        """`send` gets the bodies of one or more messages. `epoch_clock` is for the times in them."""
        self._send = send
        self._on_error = on_error
        self._clock = clock
        self._epoch_clock = epoch_clock
        self._image_size = image_size
        self._most_waiting = most_waiting
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, SimulatedHint]] = []
        self._numbers = itertools.count()
        self._sent: deque[SimulatedHint] = deque(maxlen=LIMITS.calls)
        self._is_stopping = self._is_failing = self._has_dropped = False
        self._thread = threading.Thread(target=self._run, name="simulator-hints", daemon=True)

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is not due yet is never sent. May be called again."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(LIMITS.join_seconds)

    def add(self, hints: Sequence[SimulatedHint]) -> None:
        """Hold these until they are due."""
        with self._changed:
            for hint in hints:
                if len(self._waiting) >= self._most_waiting:
                    self._drop()
                else:
                    heapq.heappush(self._waiting, (hint.due, next(self._numbers), hint))
            self._changed.notify()

    def sent(self) -> list[SimulatedHint]:
        """What has been sent, oldest first (the last 100,000)."""
        with self._changed:
            return list(self._sent)

    def send_due(self) -> None:
        """Send what is due now, in the calling thread."""
        with self._changed:
            due = self._due()
        self._announce(due)

    def _run(self) -> None:
        while due := self._next():
            self._announce(due)

    def _next(self) -> list[SimulatedHint]:
        """Wait for hints that are due; empty at the end."""
        with self._changed:
            while not self._is_stopping:
                if due := self._due():
                    return due
                left = self._waiting[0][0] - self._clock() if self._waiting else LIMITS.wait
                self._changed.wait(min(max(0.0, left), LIMITS.wait))
            return []

    def _due(self) -> list[SimulatedHint]:
        now = self._clock()
        due: list[SimulatedHint] = []
        while self._waiting and self._waiting[0][0] <= now and len(due) < LIMITS.hint_batch:
            due.append(heapq.heappop(self._waiting)[2])
        return due

    def _announce(self, due: Sequence[SimulatedHint]) -> None:
        offset = self._epoch_clock() - self._clock()
        try:
            if due:
                self._send([body for hint in due for body in bodies(hint, offset, self._image_size)])
        except Exception as error:  # noqa: BLE001 - any, of a callable that is not ours
            if not self._is_failing:
                self._on_error(error)
            self._is_failing = True
        else:
            self._is_failing = False
            with self._changed:
                self._sent.extend(due)

    def _drop(self) -> None:
        if not self._has_dropped:
            self._has_dropped = True
            text = (
                f"{self._most_waiting} hints wait to be sent, further ones are dropped: create sessions more slowly"
            )
            self._on_error(HintBacklogError(text))

"""Passes hints between replicas: the queue gives each to any of them, and only one watches the session."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

import structlog

from watcher.domain.errors import LedgerError
from watcher.domain.hints import HintSource
from watcher.domain.ports import Clock, HintLog
from watcher.domain.session_id import SESSION_ID
from watcher.telemetry.health import Beat

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How hints are exchanged."""

    waiting: int = 250
    """Maximum hints that wait to be written, all at once. Beyond that they are a flood: further ones are dropped, and
    polls find the ends. In DynamoDB they take 9 KB."""

    rate: float = 250.0
    """Maximum hints written per second: ten times the larger default quota. In a flood it bounds what the database
    writes, and what every replica reads."""

    write_pause: float = 0.1
    """Minimum seconds between two writes."""

    failed_pause: float = 5.0
    """Seconds between two tries while the hint log can't be used."""


LIMITS = Limits()


class HintSharing:
    """Writes hints for sessions that are not watched here to the hint log, and announces those of other replicas."""

    def __init__(
        self, *, hint_log: HintLog | None, announce: Callable[[str, HintSource], object], clock: Clock
    ) -> None:
        """Without a `hint_log`, no other replica can be told."""
        self._log = hint_log
        self._announce = announce
        self._clock = clock
        self._waiting: dict[str, None] = {}
        self._changed = Condition()
        self._read_at = self._write_at = clock.monotonic()  # neither happens before
        self._is_failing = self._is_stopped = False

    @property
    def is_used(self) -> bool:
        """Whether there is a log to share hints by."""
        return self._log is not None

    def share(self, session_id: str) -> None:
        """Tell the other replicas that this session is complete, soon."""
        if self._log is None:
            return
        with self._changed:
            if len(self._waiting) < LIMITS.waiting:
                if not self._waiting:
                    self._changed.notify()
                self._waiting[session_id] = None

    def stop(self) -> None:
        """Wake the thread, so that a stop is not delayed."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def run(self, stop: Event, beat: Beat) -> None:
        """Read and write until `stop`."""
        while self._log is not None and not stop.is_set():
            beat.beat()
            self.exchange(self._log)
            beat.rest()
            with self._changed:
                while not stop.is_set() and (pause := self.pause()) > 0:
                    self._changed.wait(pause)

    def pause(self) -> float:
        """Seconds until there is something to do; not positive if there is now."""
        at = min(self._read_at, self._write_at) if self._waiting else self._read_at
        return at - self._clock.monotonic()

    def exchange(self, hint_log: HintLog) -> None:
        """Read if it is time, and write what waits."""
        try:
            if self._clock.monotonic() >= self._read_at:
                self._read(hint_log)
            if self._waiting and self._clock.monotonic() >= self._write_at:
                self._write(hint_log)
        except LedgerError as error:
            self._failed(error)
            return
        if self._is_failing:
            log.info("hint_log_recovered")
        self._is_failing = False

    def _read(self, hint_log: HintLog) -> None:
        began = self._clock.monotonic()
        for session_id in hint_log.read():
            if SESSION_ID.fullmatch(session_id):  # other programs may write to the database
                self._announce(session_id, HintSource.REPLICA)
        self._read_at = began + hint_log.interval

    def _write(self, hint_log: HintLog) -> None:
        with self._changed:
            session_ids = list(self._waiting)
        hint_log.write(session_ids)
        with self._changed:
            for session_id in session_ids:
                del self._waiting[session_id]
        self._write_at = self._clock.monotonic() + max(LIMITS.write_pause, len(session_ids) / LIMITS.rate)

    def _failed(self, error: LedgerError) -> None:
        self._read_at = self._write_at = self._clock.monotonic() + LIMITS.failed_pause
        if not self._is_failing and not self._is_stopped:  # the end of the process closes the hint log
            log.warning(
                "hint_log_failed",
                error=str(error),
                consequence="hints that another replica received are not used; polls find the ends",
            )
        self._is_failing = True

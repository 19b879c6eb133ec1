"""Passes hints between replicas: the queue gives each to any of them, and only one watches the session."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

import structlog

from watcher.domain.errors import LedgerError
from watcher.domain.hints import HintSource
from watcher.domain.ports import Clock, HintLog
from watcher.telemetry.health import Beat

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How hints are exchanged."""

    waiting: int = 1000
    """Maximum hints that wait to be written. Beyond that they are a flood: further ones are dropped, and polls find
    the ends."""

    failed_pause: float = 5.0
    """Seconds between two tries while the hint log can't be used."""

    write_pause: float = 0.1
    """Minimum seconds between two writes: in a flood, many hints share one."""


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
        self._is_failing = False

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
                self._waiting[session_id] = None
                self._changed.notify()

    def stop(self) -> None:
        """Wake the thread, so that a stop is not delayed."""
        with self._changed:
            self._changed.notify()

    def run(self, stop: Event, beat: Beat) -> None:
        """Write and read until `stop`."""
        read_at = wrote_at = self._clock.monotonic()
        while self._log is not None and not stop.is_set():
            beat.beat()
            now = self._clock.monotonic()
            is_time = now >= read_at
            pause = self._exchange(self._log, is_reading=is_time)
            if is_time:
                read_at = self._clock.monotonic() + pause
            wrote_at = self._clock.monotonic() + LIMITS.write_pause
            beat.rest()
            self._wait(stop, read_at, wrote_at)

    def _wait(self, stop: Event, read_at: float, wrote_at: float) -> None:
        """Wait until it is time to read, or to write what has come."""
        with self._changed:
            until = read_at
            self._changed.wait_for(lambda: bool(self._waiting) or stop.is_set(), until - self._clock.monotonic())
        pause = min(wrote_at, read_at) - self._clock.monotonic()
        if self._waiting and pause > 0:
            stop.wait(pause)

    def _exchange(self, hint_log: HintLog, *, is_reading: bool) -> float:
        """Write what waits, and read if it is time; returns the seconds until the next read."""
        with self._changed:
            session_ids, self._waiting = list(self._waiting), {}
        try:
            if session_ids:
                hint_log.write(session_ids)
            for session_id in hint_log.read() if is_reading else ():
                self._announce(session_id, HintSource.REPLICA)
        except LedgerError as error:
            self._failed(error)
            return LIMITS.failed_pause
        if self._is_failing:
            log.info("hint_log_recovered")
        self._is_failing = False
        return hint_log.interval

    def _failed(self, error: LedgerError) -> None:
        if not self._is_failing:
            log.warning(
                "hint_log_failed",
                error=str(error),
                consequence="hints that another replica received are not used; polls find the ends",
            )
        self._is_failing = True

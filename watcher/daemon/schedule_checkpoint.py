"""Keeps the learned schedule across restarts, and logs its state."""

import math

import structlog

from watcher.domain.errors import DatabaseLost, LedgerError
from watcher.domain.ports import Clock, StateStore
from watcher.schedule import Mode, Schedule, State

log = structlog.get_logger(__name__)

SAVE_INTERVAL = 60.0
"""Seconds between two saves: the most that a crash may lose."""


class ScheduleCheckpointer:
    """Loads the schedule at the start, and saves it every minute and at the stop. Failures affect nothing else."""

    def __init__(self, schedule: Schedule, store: StateStore | None, clock: Clock) -> None:
        """`store`: None without one; what is learned is then lost with the process."""
        self._schedule = schedule
        self._store = store
        self._clock = clock
        self._mode = Mode.FRESH
        self._saved = ""
        self._saved_at = clock.monotonic()

    def load(self) -> None:
        """Load what an earlier run has learned."""
        try:
            text = self._store.load() if self._store else None
            if text:
                self._schedule.load(text)
        except (LedgerError, ValueError) as error:
            log.warning("schedule_load_failed", error=str(error), consequence="learning starts afresh")
        self._tell_of_change()

    def save_if_due(self) -> None:
        """Log a mode change; save if it is time."""
        self._tell_of_change()
        now = self._clock.monotonic()
        if now - self._saved_at >= SAVE_INTERVAL:
            self._saved_at = now
            self.save()

    def save(self) -> None:
        """Save, if anything has changed."""
        text = self._schedule.dump()
        if self._store is None or text == self._saved:
            return
        try:
            self._store.save(text)
        except (LedgerError, DatabaseLost) as error:
            log.warning("schedule_save_failed", error=str(error), consequence="a restart would lose what was learned")
        else:
            self._saved = text
            log.debug("schedule_saved", **_log_fields(self._schedule.state()))

    def _tell_of_change(self) -> None:
        state = self._schedule.state()
        if state.mode is not self._mode:
            self._mode = state.mode
            log.info("schedule_mode_changed", **_log_fields(state))


def _log_fields(state: State) -> dict[str, object]:
    """A state as log fields: seconds, null if that many sessions never end; see `State`."""
    return {
        "mode": state.mode.value,
        "sessions": round(state.sessions),
        "median": _finite(state.median),
        "p90": _finite(state.p90),
        "unfinished": round(state.unfinished, 3),
        "threshold": round(state.threshold, 4),
        "shifts": state.shifts,
        "announced": round(state.announced, 3),
        "lateness": round(state.lateness, 2),
    }


def _finite(seconds: float) -> float | None:
    return round(seconds, 1) if math.isfinite(seconds) else None

"""What the watcher says of itself at `/status.json`."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from watcher import __version__
from watcher.config import AwsSettings, Loaded, as_document
from watcher.domain.ports import Clock
from watcher.polling.scheduler import Scheduler
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Liveness
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import DRAINING, Readiness
from watcher.util.rfc3339 import timestamp


class WatcherState(StrEnum):
    """The watcher in one word, as `systemctl is-active` has it where it can."""

    ACTIVE = "active"
    DEGRADED = "degraded"
    """It runs, but something is wrong: `/livez` or `/readyz` is 503."""

    DEACTIVATING = "deactivating"


class StatusParts(NamedTuple):
    """The parts that know it."""

    clock: Clock
    liveness: Liveness
    readiness: Readiness
    scheduler: Scheduler
    in_flight: InFlight
    metrics: Metrics


class StatusReport:
    """Called for each request, by any thread."""

    def __init__(
        self,
        parts: StatusParts,
        aws: AwsSettings,
        in_force: Callable[[], Loaded],
        preview: Callable[[], Mapping[str, Any]],
    ) -> None:
        """`aws`: how AWS is called, which may come from a profile. `preview`: what a reload would change."""
        self._parts = parts
        self._aws = aws
        self._in_force = in_force
        self._preview = preview
        self._started_at = parts.clock.time()
        self._started_monotonic = parts.clock.monotonic()

    def __call__(self, shows_settings: bool) -> dict[str, object]:  # noqa: FBT001 - called by position, as a callback
        """The document. Settings name accounts and files, so only clients on this machine see them."""
        parts = self._parts
        stuck, problems = parts.liveness.late(), parts.readiness.shown()
        return {
            "state": _state(stuck, problems),
            "version": __version__,
            "startedAt": timestamp(self._started_at),
            "uptimeSeconds": round(parts.clock.monotonic() - self._started_monotonic, 3),
            "stuck": stuck,
            "problems": [{"part": part, "problem": problem} for part, problem in problems.items()],
            "sessionsInFlight": len(parts.in_flight),
            "callsPerSecond": parts.scheduler.rate or None,
            "decisions": parts.metrics.decided(),
            "config": self._config() if shows_settings else None,
        }

    def _config(self) -> dict[str, object]:
        loaded = self._in_force()
        origins = dict(loaded.origins)
        if self._aws.region != loaded.settings.aws.region:
            origins["aws.region"] = "the profile"
        settings = loaded.settings.model_copy(update={"aws": self._aws})
        shown = Loaded(settings, origins, _absolute(loaded.file))
        return {**as_document(shown), "reload": self._preview()}


def _absolute(file: Path | None) -> Path | None:
    """The file with its folder, unless that was deleted."""
    with suppress(OSError):
        return file and file.absolute()
    return file


def _state(stuck: list[str], problems: Mapping[str, str]) -> WatcherState:
    if DRAINING in problems:
        return WatcherState.DEACTIVATING
    return WatcherState.DEGRADED if stuck or problems else WatcherState.ACTIVE

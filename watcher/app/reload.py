"""SIGHUP: the settings that can change at run time, applied as one piece or not at all."""

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from watcher.config import Loaded, PollingSettings, Settings, changes
from watcher.config.loading import flatten
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.errors import ConfigError
from watcher.domain.model import DEFAULT_POLICY
from watcher.domain.ports import Clock
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import PollPolicy
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.rate_limit import limiter_for
from watcher.schedule import Schedule
from watcher.telemetry import logs
from watcher.telemetry.metrics import Metrics
from watcher.util.threads import run_within

log = structlog.get_logger(__name__)


def rules_of(settings: Settings, clock: Clock, schedule: Schedule | None = None) -> Rules[PollPolicy]:
    """The rules that the settings describe. Without a `schedule` nothing can be learned: backoff."""
    names = [DEFAULT_POLICY, *settings.decision.policies]
    return Rules(
        decision={name: rules for name in names if (rules := settings.decision.rules(name))},
        polling=_polling(settings.polling, clock, schedule),
        session_timeout=settings.polling.session_timeout,
        require_policy=settings.decision.require_policy,
    )


def _polling(polling: PollingSettings, clock: Clock, schedule: Schedule | None) -> PollPolicy:
    low, high, jitter = polling.min_interval, polling.max_interval, polling.jitter
    learned = None
    if schedule is not None and polling.strategy != "backoff":
        learned = LearnedWait(schedule=schedule, clock=clock, minimum=low, maximum=high, jitter=jitter)
    return PollPolicy(backoff(low, high, polling.multiplier, jitter), clock, learned)


def _both(keys: Sequence[str], old: Settings, new: Settings) -> dict[str, dict[str, object]]:
    """What each of these settings was and is; None where there is none. None of them is a secret."""
    before, after = ({key: value for key, _, value in flatten(settings)} for settings in (old, new))
    return {key: {"old": before.get(key), "new": after.get(key)} for key in keys}


READ_LIMIT = 10.0
"""Seconds that reading the settings may take: a second on a slow disk, forever on a hanging network mount."""


class Reloader:
    """Reads the settings again and applies those that can change."""

    def __init__(
        self,
        *,
        read: Callable[[], Loaded],
        settings: Settings,
        active_rules: ActiveRules[PollPolicy],
        scheduler: Scheduler,
        clock: Clock,
        metrics: Metrics,
        schedule: Schedule | None = None,
    ) -> None:
        """`read` loads the settings from the same sources as at the start; `settings` are those in force."""
        self._read = read
        self._settings = self._started_with = settings
        self._region = settings.aws.region  # the one in force: another needs a restart
        self._active_rules = active_rules
        self._scheduler = scheduler
        self._clock = clock
        self._metrics = metrics
        self._schedule = schedule
        self._is_reading = False
        self._succeeded()

    def reload(self) -> Sequence[str]:
        """Apply the changed settings; bad ones change nothing, and are logged, counted and returned, one per line."""
        try:
            new = self._read_in_time().settings
        except ConfigError as error:
            self._metrics.reload_ok.set(0)
            log.error("reload_failed", problems=error.problems, consequence="nothing changed")
            return error.problems
        applied, _ = changes(self._settings, new)
        _, needing_restart = changes(self._started_with, new)
        self._active_rules.swap(rules_of(new, self._clock, self._schedule))
        if "polling.max_rate" in applied:
            self._scheduler.set_limiter(limiter_for(new.polling.max_rate, self._region))
        logs.set_level(new.log.level)
        old, self._settings = self._settings, new
        self._succeeded()
        log.info("reloaded", applied=applied, needs_restart=needing_restart, changed=_both(applied, old, new))
        return ()

    def _read_in_time(self) -> Loaded:
        """The current settings.

        Raises:
            ConfigError: they are invalid, or reading them takes too long, as on a hanging file system.
        """
        if self._is_reading:
            raise ConfigError(["an earlier reload still reads the settings: their file system hangs: restart it"])
        found: list[Loaded] = []
        if not run_within(self._clock.monotonic() + READ_LIMIT, partial(self._read_into, found), self._clock):
            limit = f"{READ_LIMIT:.0f} s"
            raise ConfigError(
                [f"the settings could not be read within {limit}: check their file system, then reload"]
            )
        return found[0]

    def _read_into(self, found: list[Loaded]) -> None:
        self._is_reading = True
        try:
            found.append(self._read())
        finally:
            self._is_reading = False

    def _succeeded(self) -> None:
        self._metrics.reload_ok.set(1)
        self._metrics.reload_time.set(self._clock.time())

"""SIGHUP: the settings that can change at run time, applied as one piece or not at all."""

from collections.abc import Callable, Sequence

import structlog

from watcher.app.timed_read import TimedRead
from watcher.config import Loaded, PollingSettings, Settings, both, changes, in_force
from watcher.domain.active_rules import ActiveRules, Rules
from watcher.domain.errors import ConfigError
from watcher.domain.model import DEFAULT_POLICY
from watcher.domain.ports import Clock
from watcher.polling.hinted_wait import HintedWait
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import PollPolicy
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.rate_limit import limiter_for
from watcher.schedule import Schedule
from watcher.telemetry import logs
from watcher.telemetry.metrics import Metrics

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
    return PollPolicy(backoff(low, high, polling.multiplier, jitter), clock, learned, HintedWait(low, high))


class Reloader:
    """Reads the settings again and applies those that can change."""

    def __init__(
        self,
        *,
        read: Callable[[], Loaded],
        loaded: Loaded,
        region: str,
        active_rules: ActiveRules[PollPolicy],
        scheduler: Scheduler,
        clock: Clock,
        metrics: Metrics,
        schedule: Schedule | None = None,
    ) -> None:
        """`read` loads the settings from the same sources as at the start; `loaded` and `region` are in force."""
        self._read = TimedRead(read, clock)
        self._latest = self._started_with = loaded
        self._region = region  # another one needs a restart
        self._active_rules = active_rules
        self._scheduler = scheduler
        self._clock = clock
        self._metrics = metrics
        self._schedule = schedule
        self._succeeded()

    @property
    def in_force(self) -> Loaded:
        """The settings that the watcher works with."""
        return in_force(self._started_with, self._latest)

    def reload(self) -> Sequence[str]:
        """Apply the changed settings; bad ones change nothing, and are logged, counted and returned, one per line."""
        try:
            latest = self._read()
        except ConfigError as error:
            self._metrics.reload_ok.set(0)
            log.error("reload_failed", problems=error.problems, consequence="nothing changed")
            return error.problems
        old, new = self._latest.settings, latest.settings
        applied, _ = changes(old, new)
        _, needing_restart = changes(self._started_with.settings, new)
        self._active_rules.swap(rules_of(new, self._clock, self._schedule))
        if "polling.max_rate" in applied:
            self._scheduler.set_limiter(limiter_for(new.polling.max_rate, self._region))
        logs.set_level(new.log.level)
        self._latest = latest
        self._succeeded()
        log.info("reloaded", applied=applied, needs_restart=needing_restart, changed=both(applied, old, new))
        return ()

    def _succeeded(self) -> None:
        self._metrics.reload_ok.set(1)
        self._metrics.reload_time.set(self._clock.time())

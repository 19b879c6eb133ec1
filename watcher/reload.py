"""SIGHUP: the settings that can change at run time, applied as one piece or not at all."""

from collections.abc import Callable

import structlog

from watcher import logs
from watcher.config import Loaded, PollingSettings, Settings, changes
from watcher.errors import ConfigError
from watcher.metrics import Metrics
from watcher.model import DEFAULT_POLICY
from watcher.policy import PollPolicy, backoff
from watcher.ports import Clock
from watcher.ratelimit import limiter_for
from watcher.runtime import Rules, Runtime
from watcher.scheduler import Scheduler

log = structlog.get_logger(__name__)


def rules_of(settings: Settings, clock: Clock) -> Rules:
    """The rules that the settings describe."""
    names = [DEFAULT_POLICY, *settings.decision.policies]
    return Rules(
        decision={name: rules for name in names if (rules := settings.decision.rules(name))},
        polling=_poll_policy(settings.polling, clock),
        session_timeout=settings.polling.session_timeout,
    )


def _poll_policy(polling: PollingSettings, clock: Clock) -> PollPolicy:
    wait = backoff(polling.min_interval, polling.max_interval, polling.multiplier, polling.jitter)
    return PollPolicy(wait, clock)


class Reloader:
    """Reads the settings again and puts what can change into force."""

    def __init__(
        self,
        *,
        read: Callable[[], Loaded],
        settings: Settings,
        runtime: Runtime,
        scheduler: Scheduler,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`read` loads the settings from the same places as at the start; `settings` are those in force."""
        self._read = read
        self._settings = settings
        self._region = settings.aws.region  # the one in force: another needs a restart
        self._runtime = runtime
        self._scheduler = scheduler
        self._clock = clock
        self._metrics = metrics
        self._succeeded()

    def reload(self) -> None:
        """Apply the changed settings; bad ones change nothing, and are logged and counted."""
        try:
            new = self._read().settings
        except ConfigError as error:
            self._metrics.reload_ok.set(0)
            log.error("reload_failed", problems=error.problems, consequence="nothing changed")
            return
        applied, needing_restart = changes(self._settings, new)
        self._runtime.swap(rules_of(new, self._clock))
        if "polling.max_rate" in applied:
            self._scheduler.limit(limiter_for(new.polling.max_rate, self._region))
        logs.set_level(new.log.level)
        self._settings = new
        self._succeeded()
        log.info("reloaded", applied=applied, needs_restart=needing_restart)

    def _succeeded(self) -> None:
        self._metrics.reload_ok.set(1)
        self._metrics.reload_time.set(self._clock.time())

"""The composition root: the only place that chooses adapters and puts the parts together."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypedDict

from watcher.app.aws_settings import effective_aws
from watcher.app.backends import open_backends
from watcher.app.reload import Reloader, rules_of
from watcher.app.reload_preview import ReloadPreview
from watcher.app.startup_log import startup_fields
from watcher.app.status import StatusParts, StatusReport
from watcher.config import AwsSettings, Loaded, Settings
from watcher.consumer.consumer import Consumer
from watcher.consumer.dead_letters import DeadLetterWriter
from watcher.consumer.hint_receiver import HintReceiver
from watcher.consumer.hint_sharing import HintSharing
from watcher.consumer.lease_extender import LeaseExtender
from watcher.daemon.clock_steps import ClockSteps
from watcher.daemon.daemon import Daemon
from watcher.daemon.prober import Prober
from watcher.daemon.schedule_checkpoint import ScheduleCheckpointer
from watcher.daemon.systemd import Notifier, ServiceNotifier
from watcher.decisions.decider import Decider
from watcher.delivery.outbox import Outbox
from watcher.domain.active_rules import ActiveRules
from watcher.domain.ports import Clock
from watcher.ledgers import memory_view
from watcher.polling.deadline_watchdog import DeadlineWatchdog
from watcher.polling.hints import Hints
from watcher.polling.poller import Poller
from watcher.polling.scheduler import Scheduler
from watcher.rate_limit import limiter_for
from watcher.schedule import Schedule
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Beat, Liveness
from watcher.telemetry.http_server import HealthServer
from watcher.telemetry.logs import dropped_lines
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.clock import SystemClock


class App(NamedTuple):
    """A daemon that is ready to run, and the function that reloads its settings."""

    daemon: Daemon
    reload: Callable[[], None]
    signals_beat: Beat


def build(
    loaded: Loaded,
    read_again: Callable[[], Loaded],
    notifier: Notifier,
    peek: Callable[[], Loaded] | None = None,
) -> App:
    """Build the watcher from its settings; `read_again` loads them again for a reload, `peek` to show the changes.

    `notifier` reports the state to the service manager, if there is one.

    Raises:
        ConfigError: invalid settings.
        WatcherError: a queue or ledger that can't be opened.
    """
    settings = loaded.settings.model_copy(update={"aws": effective_aws(loaded)})
    with ExitStack() as opened:  # closes what is open if a later part can't be opened
        root = _Root(settings, loaded.file, notifier, opened)
        reloader = Reloader(
            read=read_again,
            loaded=loaded,
            region=settings.aws.region,
            active_rules=root.active_rules,
            scheduler=root.scheduler,
            clock=root.clock,
            metrics=root.metrics,
            schedule=root.schedule,
        )
        preview = ReloadPreview(peek or read_again, lambda: reloader.in_force, root.clock)
        root.show_status(settings.aws, lambda: reloader.in_force, preview)
        daemon = Daemon(root, concurrency=settings.polling.concurrency, drain_timeout=settings.shutdown.drain_timeout)
        root.close = opened.pop_all().close
        return App(daemon, partial(root.notifier.reload, reloader.reload), root.liveness.beat("signals"))


class _Root:
    """Every part of the watcher, each made once: shared parts first, then a session's path, then its guards.

    The names are those of the daemon's `Parts`. `opened` closes what is opened here, in reverse order.
    """

    close: Callable[[], None]

    def __init__(self, settings: Settings, file: Path | None, notifier: Notifier, opened: ExitStack) -> None:
        self.clock: Clock = SystemClock()
        self.metrics = Metrics(settings.decision.policies, [sink.name for sink in settings.sinks])
        self.liveness = Liveness(self.clock)
        self.readiness = Readiness(self.liveness.slow_calls)
        self._common = _Common(clock=self.clock, metrics=self.metrics, readiness=self.readiness)
        self.http = HealthServer(
            settings.http.host, settings.http.port, self.metrics.registry, self.liveness.late, self.readiness.shown
        )
        opened.callback(self.http.close)
        self.backends = open_backends(settings, self.clock, opened)
        self.http.show_decisions(memory_view(settings, self.backends.ledger))
        self.queue = self.backends.queue
        self.in_flight = InFlight(settings.queue.max_in_flight)
        self._make_schedule(settings, opened)
        self._make_path()
        self._make_supporting_parts(settings)
        self.notifier = ServiceNotifier(notifier, self.clock, self.liveness, self.readiness, self._progress)
        self.startup_fields: Mapping[str, object] = startup_fields(settings, file)
        self.metrics.show(
            rate=lambda: self.scheduler.rate,
            in_flight=lambda: len(self.in_flight),
            progress=self.liveness.last_progress,
            dropped_lines=dropped_lines,
        )
        self.metrics.show_schedule(self.schedule.state)

    def show_status(
        self, aws: AwsSettings, in_force: Callable[[], Loaded], preview: Callable[[], Mapping[str, object]]
    ) -> None:
        """Show the state of these parts, and the settings, at `/status.json`."""
        parts = StatusParts(
            clock=self.clock,
            liveness=self.liveness,
            readiness=self.readiness,
            scheduler=self.scheduler,
            in_flight=self.in_flight,
            metrics=self.metrics,
        )
        self.http.show_status(StatusReport(parts, aws, in_force, preview))

    def _make_schedule(self, settings: Settings, opened: ExitStack) -> None:
        limiter = limiter_for(settings.polling.max_rate, settings.aws.region)
        self.scheduler = Scheduler(limiter, self.clock, self.liveness.beat("scheduler", is_shared=True))
        self.schedule = Schedule(lambda: self.scheduler.rate)
        self.checkpointer = ScheduleCheckpointer(self.schedule, self.backends.state_store, self.clock)
        self.checkpointer.load()
        opened.callback(self.checkpointer.save)  # before the state store, which was opened earlier, is closed
        self.active_rules = ActiveRules(rules_of(settings, self.clock, self.schedule))

    def _make_path(self) -> None:
        """The path of a session, built from its end: each part gets the next."""
        hints = self._make_hints()
        self.dead_letters = DeadLetterWriter(queue=self.queue, metrics=self.metrics, readiness=self.readiness)
        self.outbox = Outbox(
            queue=self.queue,
            ledger=self.backends.ledger,
            sinks=self.backends.sinks,
            selections=self.backends.selections,
            in_flight=self.in_flight,
            dead_letter=self.dead_letters.put,
            **self._common,
        )
        decider = Decider(
            active_rules=self.active_rules,
            source=self.backends.source,
            decided=self.outbox.decided,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.poller = Poller(
            results=self.backends.results,
            endpoint=self.backends.endpoint,
            scheduler=self.scheduler,
            ended=decider.decide,
            hints=hints,
            active_rules=self.active_rules,
            **self._common,
        )
        self.consumer = Consumer(
            queue=self.queue,
            ledger=self.backends.ledger,
            in_flight=self.in_flight,
            polls=self.poller,
            deliveries=self.outbox,
            hints=HintReceiver(hints=hints, share=self.hint_sharing.share),
            dead_letters=self.dead_letters,
            active_rules=self.active_rules,
            **self._common,
        )

    def _make_hints(self) -> Hints:
        hints = Hints(
            in_flight=self.in_flight,
            scheduler=self.scheduler,
            active_rules=self.active_rules,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.hint_sharing = HintSharing(hint_log=self.backends.hint_log, announce=hints.announce, clock=self.clock)
        return hints

    def _make_supporting_parts(self, settings: Settings) -> None:
        self.watchdog = DeadlineWatchdog(
            scheduler=self.scheduler, poller=self.poller, clock=self.clock, readiness=self.readiness
        )
        self.lease_extender = LeaseExtender(
            queue=self.queue,
            in_flight=self.in_flight,
            visibility_timeout=settings.queue.visibility_timeout,
            **self._common,
        )
        self.prober = Prober(
            queue=self.queue,
            ledger=self.backends.ledger,
            results=self.backends.results,
            endpoint=self.backends.endpoint,
            scheduler=self.scheduler,
            also=[self.checkpointer.save_if_due, ClockSteps(self.clock).check],
            **self._common,
        )

    def _progress(self) -> str:
        rate = self.scheduler.rate
        decided = sum(self.metrics.decided().values())
        limit = f"{rate:.3g}/s" if rate else "unlimited"
        return f"watching {len(self.in_flight)} sessions, {decided} decided, rate {limit}"


class _Common(TypedDict):
    """What nearly every part needs."""

    clock: Clock
    metrics: Metrics
    readiness: Readiness

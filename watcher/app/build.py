"""The composition root: the only place that chooses adapters and puts the parts together."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TypedDict

from watcher.app.backends import Backends, open_backends
from watcher.app.reload import Reloader, rules_of
from watcher.app.startup_log import startup_fields
from watcher.aws.session import resolve_region
from watcher.config import AwsSettings, Loaded, Settings
from watcher.consumer.consumer import Consumer
from watcher.consumer.dead_letters import DeadLetterWriter
from watcher.consumer.lease_extender import LeaseExtender
from watcher.daemon.clock_steps import ClockSteps
from watcher.daemon.daemon import Daemon, Parts
from watcher.daemon.prober import Prober
from watcher.daemon.schedule_checkpoint import ScheduleCheckpointer
from watcher.daemon.systemd import Notifier, ServiceNotifier
from watcher.decisions.decider import Decider
from watcher.delivery.outbox import Outbox
from watcher.domain.active_rules import ActiveRules
from watcher.domain.ports import Clock
from watcher.polling.deadline_watchdog import DeadlineWatchdog
from watcher.polling.policy import PollPolicy
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


@dataclass(frozen=True, slots=True)
class App:
    """A daemon that is ready to run, and what reloads its settings."""

    daemon: Daemon
    reload: Callable[[], None]
    signals_beat: Beat


@dataclass(frozen=True, slots=True)
class _Core:
    scheduler: Scheduler
    schedule: Schedule
    checkpointer: ScheduleCheckpointer
    in_flight: InFlight
    active_rules: ActiveRules[PollPolicy]


class _Common(TypedDict):
    """What nearly every part is given."""

    clock: Clock
    metrics: Metrics
    readiness: Readiness


def build(loaded: Loaded, read_again: Callable[[], Loaded], notifier: Notifier) -> App:
    """Put the watcher together from its settings; `read_again` loads them anew for a reload.

    `notifier` tells the service manager how it goes, if there is one.

    Raises:
        ConfigError: settings that can't be used.
        WatcherError: a queue or ledger that can't be opened.
    """
    with ExitStack() as opened:  # closes what was opened already when a later part can't be
        return _build(loaded, read_again, notifier, opened)


def effective_aws(loaded: Loaded) -> AwsSettings:
    """The settings of `[aws]`; where nothing names a region, the profile's, else us-east-1.

    A profile that only AWS's own variables name is left to botocore: keys in the environment go before it, as in the
    AWS CLI, and before no other.

    Raises:
        ConfigError: there is no such profile.
        WatcherError: AWS's configuration files can't be read.
    """
    aws = loaded.settings.aws
    if loaded.origins["aws.profile"] in ("env AWS_PROFILE", "env AWS_DEFAULT_PROFILE"):
        aws = aws.model_copy(update={"profile": ""})
    if loaded.origins["aws.region"] != "default":
        return aws
    return aws.model_copy(update={"region": resolve_region(aws.model_copy(update={"region": ""}))})


def _build(loaded: Loaded, read_again: Callable[[], Loaded], notifier: Notifier, opened: ExitStack) -> App:
    aws, clock = effective_aws(loaded), SystemClock()
    settings = loaded.settings.model_copy(update={"aws": aws})
    metrics = Metrics(settings.decision.policies, [sink.name for sink in settings.sinks])
    liveness = Liveness(clock)
    common: _Common = {"clock": clock, "metrics": metrics, "readiness": Readiness(liveness.slow_calls)}
    http = HealthServer(
        settings.http.host, settings.http.port, metrics.registry, liveness.late, common["readiness"].shown
    )
    opened.callback(http.close)
    backends = open_backends(settings, clock, opened)
    core = _core(settings, backends, common, liveness, opened)
    service_notifier = ServiceNotifier(
        notifier, clock, liveness, common["readiness"], partial(_progress, core, metrics)
    )
    daemon = Daemon(
        _parts(replace(loaded, settings=settings), backends, core, common, liveness, http, service_notifier, opened),
        concurrency=settings.polling.concurrency,
        drain_timeout=settings.shutdown.drain_timeout,
    )
    reloader = Reloader(
        read=read_again,
        settings=settings,
        active_rules=core.active_rules,
        scheduler=core.scheduler,
        clock=clock,
        metrics=metrics,
        schedule=core.schedule,
    )
    return App(daemon, partial(service_notifier.reload, reloader.reload), liveness.beat("signals"))


def _progress(core: _Core, metrics: Metrics) -> str:
    rate = core.scheduler.rate
    decided = sum(sample.value for family in metrics.decisions.collect() for sample in family.samples)
    limit = f"{rate:.3g}/s" if rate else "unlimited"
    return f"watching {len(core.in_flight)} sessions, {decided:.0f} decided, rate {limit}"


def _core(settings: Settings, backends: Backends, common: _Common, liveness: Liveness, opened: ExitStack) -> _Core:
    aws, clock, metrics = settings.aws, common["clock"], common["metrics"]
    limiter = limiter_for(settings.polling.max_rate, aws.region)
    scheduler = Scheduler(limiter, clock, liveness.beat("scheduler", is_shared=True))
    schedule = Schedule(lambda: scheduler.rate)
    checkpointer = ScheduleCheckpointer(schedule, backends.state_store, clock)
    checkpointer.load()
    opened.callback(checkpointer.save)  # before the state store, which was opened earlier, is closed
    in_flight = InFlight(settings.queue.max_in_flight)
    metrics.show(
        rate=lambda: scheduler.rate,
        in_flight=lambda: len(in_flight),
        progress=liveness.last_progress,
        dropped_lines=dropped_lines,
    )
    metrics.show_schedule(schedule.state)
    active_rules = ActiveRules(rules_of(settings, clock, schedule))
    return _Core(scheduler, schedule, checkpointer, in_flight, active_rules)


def _parts(
    loaded: Loaded,
    backends: Backends,
    core: _Core,
    common: _Common,
    liveness: Liveness,
    http: HealthServer,
    notifier: ServiceNotifier,
    opened: ExitStack,
) -> Parts:
    settings = loaded.settings
    outbox, dead_letters, consumer, poller = _pipeline(backends, core, common)
    return Parts(
        clock=common["clock"],
        queue=backends.queue,
        in_flight=core.in_flight,
        scheduler=core.scheduler,
        consumer=consumer,
        dead_letters=dead_letters,
        poller=poller,
        watchdog=DeadlineWatchdog(
            scheduler=core.scheduler, poller=poller, clock=common["clock"], readiness=common["readiness"]
        ),
        outbox=outbox,
        lease_extender=LeaseExtender(
            queue=backends.queue,
            in_flight=core.in_flight,
            visibility_timeout=settings.queue.visibility_timeout,
            **common,
        ),
        prober=_prober(backends, core, common),
        liveness=liveness,
        readiness=common["readiness"],
        http=http,
        notifier=notifier,
        startup_fields=startup_fields(settings, loaded.file),
        close=opened.pop_all().close,
    )


def _prober(backends: Backends, core: _Core, common: _Common) -> Prober:
    return Prober(
        queue=backends.queue,
        ledger=backends.ledger,
        results=backends.results,
        endpoint=backends.endpoint,
        scheduler=core.scheduler,
        also=[core.checkpointer.save_if_due, ClockSteps(common["clock"]).check],
        **common,
    )


def _pipeline(backends: Backends, core: _Core, common: _Common) -> tuple[Outbox, DeadLetterWriter, Consumer, Poller]:
    """The way of a session: consumer, poller, outbox. Built from its end, for each part is given the next."""
    queue, ledger = backends.queue, backends.ledger
    dead_letters = DeadLetterWriter(queue=queue, metrics=common["metrics"], readiness=common["readiness"])
    outbox = Outbox(
        queue=queue,
        ledger=ledger,
        sinks=backends.sinks,
        in_flight=core.in_flight,
        dead_letter=dead_letters.put,
        **common,
    )
    decider = Decider(
        active_rules=core.active_rules,
        source=backends.source,
        decided=outbox.decided,
        clock=common["clock"],
        metrics=common["metrics"],
    )
    poller = Poller(
        results=backends.results,
        endpoint=backends.endpoint,
        scheduler=core.scheduler,
        ended=decider.decide,
        active_rules=core.active_rules,
        **common,
    )
    consumer = Consumer(
        queue=queue,
        ledger=ledger,
        in_flight=core.in_flight,
        polls=poller,
        deliveries=outbox,
        dead_letters=dead_letters,
        active_rules=core.active_rules,
        **common,
    )
    return outbox, dead_letters, consumer, poller

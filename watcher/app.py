"""The composition root: the only place that chooses adapters and puts the parts together."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from watcher.aws import resolve_region
from watcher.clock import SystemClock
from watcher.config import AwsSettings, Loaded, Settings
from watcher.daemon import Daemon, Parts
from watcher.delivery import Outbox
from watcher.errors import ConfigError
from watcher.health import Liveness, Readiness, call_allowance
from watcher.httpd import HealthServer
from watcher.inflight import InFlight
from watcher.intake import Intake
from watcher.leases import LeaseKeeper
from watcher.ledgers import open_ledger
from watcher.lookout import Lookout
from watcher.metrics import Metrics
from watcher.poller import Poller
from watcher.ports import Sink
from watcher.queues import open_queue
from watcher.ratelimit import limiter_for
from watcher.rekognition import RekognitionResults, build_client
from watcher.reload import Reloader, rules_of
from watcher.runtime import Runtime
from watcher.scheduler import Scheduler
from watcher.sinks import SINKS


@dataclass(frozen=True, slots=True)
class App:
    """A daemon that is ready to run, and what reloads its settings."""

    daemon: Daemon
    reloader: Reloader


def build(loaded: Loaded, read_again: Callable[[], Loaded]) -> App:
    """Put the watcher together from its settings; `read_again` loads them anew for a reload.

    Raises:
        ConfigError: settings that can't be used.
        WatcherError: a queue or ledger that can't be opened.
    """
    with ExitStack() as opened:  # closes what was opened already when a later part can't be
        return _build(loaded, read_again, opened)


def effective_aws(loaded: Loaded) -> AwsSettings:
    """The settings of `[aws]`; where nothing names a region, the profile's, else us-east-1.

    Raises:
        ConfigError: there is no such profile.
    """
    aws = loaded.settings.aws
    if loaded.origins["aws.region"] != "default":
        return aws
    return aws.model_copy(update={"region": resolve_region(aws.model_copy(update={"region": ""}))})


def _build(loaded: Loaded, read_again: Callable[[], Loaded], opened: ExitStack) -> App:
    settings, clock, liveness, readiness = loaded.settings, SystemClock(), Liveness(SystemClock()), Readiness()
    aws = effective_aws(loaded)
    sinks = _sinks(settings)
    metrics = Metrics(settings.decision.policies, [sink.name for sink in sinks])
    http = HealthServer(settings.http.host, settings.http.port, metrics.registry, liveness.late, readiness.problems)
    opened.callback(http.close)
    results = RekognitionResults(build_client(aws, concurrency=settings.polling.concurrency))
    opened.callback(results.close)
    queue = open_queue(settings, clock)
    opened.callback(queue.close)
    ledger = open_ledger(settings, clock)
    opened.callback(ledger.close)
    for sink in sinks:
        opened.callback(sink.close)

    allowance = call_allowance(aws.connect_timeout, aws.read_timeout)
    runtime = Runtime(rules_of(settings, clock))
    scheduler = Scheduler(limiter_for(settings.polling.max_rate), clock, liveness.beat("scheduler", allowance))
    in_flight = InFlight(settings.queue.max_in_flight)
    outbox = Outbox(
        queue=queue,
        ledger=ledger,
        sinks=sinks,
        in_flight=in_flight,
        clock=clock,
        metrics=metrics,
        readiness=readiness,
    )
    metrics.show(rate=lambda: scheduler.rate, in_flight=lambda: len(in_flight), progress=liveness.last_progress)
    parts = Parts(
        clock=clock,
        queue=queue,
        in_flight=in_flight,
        scheduler=scheduler,
        intake=Intake(
            queue=queue,
            ledger=ledger,
            in_flight=in_flight,
            scheduler=scheduler,
            outbox=outbox,
            runtime=runtime,
            clock=clock,
            metrics=metrics,
            readiness=readiness,
        ),
        poller=Poller(
            results=results,
            scheduler=scheduler,
            outbox=outbox,
            runtime=runtime,
            clock=clock,
            metrics=metrics,
            readiness=readiness,
            source=f"/watcher/{aws.region}",
        ),
        outbox=outbox,
        leases=LeaseKeeper(queue, in_flight, settings.queue.visibility_timeout, metrics, readiness),
        lookout=Lookout(
            queue=queue,
            results=results,
            scheduler=scheduler,
            clock=clock,
            metrics=metrics,
            readiness=readiness,
        ),
        liveness=liveness,
        readiness=readiness,
        http=http,
        close=opened.pop_all().close,
    )
    daemon = Daemon(
        parts,
        concurrency=settings.polling.concurrency,
        call_allowance=allowance,
        drain_timeout=settings.shutdown.drain_timeout,
    )
    reloader = Reloader(
        read=read_again,
        settings=settings,
        runtime=runtime,
        scheduler=scheduler,
        clock=clock,
        metrics=metrics,
    )
    return App(daemon, reloader)


def _sinks(settings: Settings) -> Sequence[Sink]:
    unknown = [
        f"sinks.{sink.name}: type = {sink.type!r} has no backend in this version: use one of {', '.join(SINKS)}"
        for sink in settings.sinks
        if sink.type not in SINKS
    ]
    if unknown:
        raise ConfigError(unknown)
    return [SINKS[sink.type](sink) for sink in settings.sinks]

"""What waiting costs: `python tests/benchmarks/bench_waiting.py [--quick]`.

Seconds from the start of `watcher run` to the first 200 of /readyz; its resident memory with sessions waiting in a
SQLite queue; and the bytes that one waiting session takes of Python's memory with a message of SQS, whose receipt
handles are long.

With the `dev` extra installed, a start takes a tenth longer: structlog imports rich, which import-linter needs.
"""

import argparse
import base64
import gc
import http.client
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import median
from threading import Event
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, only this folder is on the path

from prometheus_client.parser import text_string_to_metric_families

from tests.benchmarks.processes import PATIENCE, WATCHER, numbers, spawn
from tests.benchmarks.service import end, endpoint
from watcher.consumer.consumer import Consumer
from watcher.consumer.hint_receiver import HintReceiver
from watcher.domain.model import DecisionRules, Lease, ReceivedMessage
from watcher.polling.hints import Hints
from watcher.polling.learned_wait import LearnedWait
from watcher.polling.policy import PollPolicy
from watcher.polling.poller import Poller
from watcher.polling.scheduler import Scheduler
from watcher.polling.strategies import backoff
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.queues.sqs.held_leases import HeldLeases
from watcher.rate_limit import limiter_for
from watcher.schedule import Schedule
from watcher.sessions.in_flight import InFlight
from watcher.telemetry.health import Beat
from watcher.telemetry.metrics import Metrics
from watcher.telemetry.readiness import Readiness
from watcher.util.clock import SystemClock
from watcher.util.retry import RetryUntilStopped

BAR_READY = 1.0
BAR_MEGABYTES = 75.0
BAR_BYTES = 1024.0
SETTLING = 5.0
"""Seconds until memory is looked at: what is done once a second for all that wait has then had its turns."""

RECEIPT_BYTES = 300
"""Of a receipt handle before its base64: SQS's have about 400 characters."""


class Resting(NamedTuple):
    """A watcher with so many sessions waiting: seconds to /readyz, and resident MB once all are in."""

    waiting: int
    ready: float
    megabytes: float


class Watcher:
    """`watcher run` on a queue of its own."""

    def __init__(self, url: str, folder: Path, ids: Sequence[str]) -> None:
        queue = SqliteQueue(folder / "watcher.db", 300.0, SystemClock())
        queue.send(ids)
        queue.close()
        self._log = folder / "log"
        (folder / "watcher.toml").write_text(settings(url, folder, max(1, len(ids))))
        self._begun = time.monotonic()
        with self._log.open("w") as log:
            self.process = spawn([*WATCHER, "run", "--config", str(folder / "watcher.toml")], log.fileno())

    def ready(self) -> float:
        """Wait for it; seconds since its start."""
        self._until(lambda: '"started"' in self._log.read_text())
        line = next(line for line in self._log.read_text().splitlines() if '"started"' in line)
        self._port: int = json.loads(line)["port"]
        self._until(lambda: self._get("/readyz")[0] == 200)
        return time.monotonic() - self._begun

    def fill(self, count: int) -> None:
        """Wait until so many sessions are in flight."""
        self._until(lambda: self._in_flight() >= count, pause=0.5)

    def megabytes(self) -> float:
        return numbers(Path(f"/proc/{self.process.pid}/status"))["VmRSS"]

    def _in_flight(self) -> float:
        families = text_string_to_metric_families(self._get("/metrics")[1])
        return next(family.samples[0].value for family in families if family.name == "watcher_sessions_in_flight")

    def _get(self, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def _until(self, is_so: Any, pause: float = 0.005) -> None:
        until = time.monotonic() + 2 * PATIENCE
        while not is_so():
            if time.monotonic() > until or self.process.poll() is not None:
                raise SystemExit(f"the watcher did not get there:\n{self._log.read_text()[-2000:]}")
            time.sleep(pause)


def settings(url: str, folder: Path, waiting: int) -> str:
    return f"""[aws]
endpoint_url = "{url}"
[queue]
url = "sqlite:///{folder / "watcher.db"}"
visibility_timeout = 300
max_in_flight = {waiting}
[polling]
max_rate = 25
[[sinks]]
type = "file"
path = "{folder / "decisions"}"
[http]
port = 0
[log]
format = "json"
"""


def rest(url: str, waiting: int) -> Resting:
    with tempfile.TemporaryDirectory() as folder:
        watcher = Watcher(url, Path(folder), names(waiting))
        try:
            ready = watcher.ready()
            watcher.fill(waiting)
            time.sleep(SETTLING if waiting else 0)
            return Resting(waiting, ready, watcher.megabytes())
        finally:
            end(watcher.process)


def names(count: int) -> list[str]:
    chance = Random(count)
    return [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(count)]


def bytes_a_session(count: int) -> float:
    """Of Python's memory: a message processed by the real consumer, in SQS's table, the watcher's and the heap."""
    consumer, retry = make_consumer(), RetryUntilStopped(Event(), Beat(SystemClock(), "worker"))
    held = HeldLeases(SystemClock(), PATIENCE)
    receive(0, held, consumer, retry)
    gc.collect()
    tracemalloc.start(1)
    for number in range(1, count // 10 + 1):
        receive(number, held, consumer, retry)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / (count // 10 * 10)


def receive(number: int, held: HeldLeases, consumer: Consumer, retry: RetryUntilStopped) -> None:
    """A batch that SQS gave."""
    batch = deliveries(10, seed=number)
    held.take((delivery.lease for delivery in batch), time.monotonic())
    consumer.process(batch, retry)


def make_consumer() -> Consumer:
    clock, metrics = SystemClock(), Metrics()
    scheduler = Scheduler(limiter_for(25, "us-east-1"), clock, Beat(clock, "scheduler", is_shared=True))
    schedule = Schedule(lambda: scheduler.rate)
    learned = LearnedWait(schedule=schedule, clock=clock, minimum=1, maximum=10, jitter=0.2)
    rules = SimpleNamespace(
        polling=PollPolicy(backoff(1, 10, 1.6, 0.2), clock, learned),
        session_timeout=180.0,
        decision={"default": DecisionRules()},
        require_policy=False,
    )
    unused: Any = None
    knows_nothing: Any = SimpleNamespace(find=lambda _: {})
    active_rules: Any = SimpleNamespace(rules=rules)
    in_flight = InFlight(10**6)
    hints = Hints(in_flight=in_flight, scheduler=scheduler, active_rules=active_rules, clock=clock, metrics=metrics)
    poller = Poller(
        results=unused,
        endpoint=unused,
        scheduler=scheduler,
        ended=unused,
        hints=unused,
        active_rules=active_rules,
        clock=clock,
        metrics=metrics,
        readiness=Readiness(),
    )
    return Consumer(
        queue=unused,
        ledger=knows_nothing,
        in_flight=in_flight,
        polls=poller,
        deliveries=unused,
        hints=HintReceiver(hints=hints, share=unused),
        dead_letters=unused,
        active_rules=active_rules,
        clock=clock,
        metrics=metrics,
        readiness=Readiness(),
    )


def deliveries(count: int, seed: int) -> list[ReceivedMessage]:
    chance, now = Random(seed), time.time()
    ids = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(2 * count)]
    receipts = [base64.b64encode(chance.randbytes(RECEIPT_BYTES)).decode() for _ in range(count)]
    return [
        ReceivedMessage(Lease(receipt, ids[number]), ids[-1 - number], now - number / 1000)  # each was sent by itself
        for number, receipt in enumerate(receipts)
    ]


def report(found: Sequence[Resting], size: float) -> None:
    ready = median(one.ready for one in found if one.waiting <= 1000)
    verdict("seconds from start to ready", ready, BAR_READY)
    for one in found:
        bar = BAR_MEGABYTES + one.waiting * BAR_BYTES / 2**20
        verdict(f"RSS in MB with {one.waiting:,} waiting", one.megabytes, bar)
    verdict("bytes a waiting session, receipt handle of SQS included", size, BAR_BYTES)


def verdict(what: str, value: float, bar: float) -> None:
    print(f"{'met' if value <= bar else 'MISSED'}: {what}: {value:.2f} of {bar:.2f}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a thousand sessions at most")
    is_quick = parser.parse_args(arguments).quick
    with endpoint("small") as service:
        sizes = (0, 1000) if is_quick else (0, 0, 0, 1000, 10_000, 100_000)
        report([rest(service.url, waiting) for waiting in sizes], bytes_a_session(2000 if is_quick else 20_000))


if __name__ == "__main__":
    main()

"""Several real watchers on one SQS queue: killed, throttled, stopped."""

import json
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import Daemon
from tests.benchmarks.light_sqs import LightSqs
from tests.chaos.proxy import EXTEND, SqsProxy
from tests.moto import CREDENTIALS
from tests.stack import aws_client
from tests.support import run_watcher, watcher_process
from watcher.clock import SystemClock
from watcher.ledgers.sqlite import SqliteLedger
from watcher.model import LedgerEntry
from watcher.simulator import SessionScript, Simulator
from watcher.simulator.server import HttpServer

QUICK = SessionScript(created_for=0, in_progress_for=3)
NEVER = SessionScript(ending="IN_PROGRESS")
PATIENCE = 50.0
EMPTY_LOOKS = 10

RATE = 50.0
"""Sessions a second that are busy times: the poll quota allows no more than 50."""


class Site:
    """A queue at moto, a local Rekognition endpoint, and watchers that share both and a ledger."""

    def __init__(self, folder: Path, moto_url: str, simulator: Simulator, suffix: str = "") -> None:
        self.folder = folder
        self.simulator = simulator
        self.daemons: list[Daemon] = []
        self.client = aws_client("sqs", moto_url)
        self.queue_url = self.create_queue("sessions", suffix)
        self.dead_letter_url = self.create_queue("dead", suffix)
        self.environment = {
            **CREDENTIALS,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_REKOGNITION": simulator.url,
            "WATCHER_HTTP__PORT": "0",
            "WATCHER_QUEUE__URL": self.queue_url,
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_QUEUE__DEAD_LETTER_URL": self.dead_letter_url,
            "WATCHER_QUEUE__ENDPOINT_URL": moto_url,
            "WATCHER_LEDGER__URL": "sqlite:///ledger.db",
            "WATCHER_POLLING__SESSION_TIMEOUT": "36",
            "WATCHER_POLLING__MIN_INTERVAL": "0.5",
            "WATCHER_POLLING__MAX_INTERVAL": "2",
            "WATCHER_POLLING__CONCURRENCY": "4",
        }

    def create_queue(self, name: str, suffix: str) -> str:
        attributes = {"FifoQueue": "true"} if suffix else {}
        url: str = self.client.create_queue(QueueName=name + suffix, Attributes=attributes)["QueueUrl"]
        return url

    def command(self, *arguments: str) -> str:
        """Run the watcher's command to its end; returns its stdout."""
        done = run_watcher(self.folder, *arguments, stdin=b"", **self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, **settings: str) -> Daemon:
        daemon = Daemon(watcher_process(self.folder, "run", **(self.environment | settings)))
        self.daemons.append(daemon)
        return daemon

    def feed(self, count: int, script: SessionScript) -> list[str]:
        """Create sessions and send their ids."""
        ids = [self.simulator.create_session(script) for _ in range(count)]
        for begin in range(0, count, 10):
            batch = ids[begin : begin + 10]
            entries = [{"Id": str(n), "MessageBody": session} for n, session in enumerate(batch)]
            answer = self.client.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
            assert len(answer["Successful"]) == len(entries)
        return ids

    def depth(self, url: str = "") -> tuple[int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def wait_until_empty(self) -> None:
        """Wait for an empty queue. One look is not enough: the two counts are not taken at the same moment, and a
        message whose lease runs out between them is in neither."""
        empty_looks = 0

        def is_empty() -> bool:
            nonlocal empty_looks
            empty_looks = empty_looks + 1 if self.depth() == (0, 0) else 0
            return empty_looks >= EMPTY_LOOKS

        wait_until(is_empty, "empty")

    def ledger(self) -> list[LedgerEntry]:
        with closing(SqliteLedger(self.folder / "ledger.db", SystemClock())) as ledger:
            return list(ledger.after(0, 100_000))

    def close(self) -> None:
        for daemon in self.daemons:
            daemon.close()
        self.client.close()


@pytest.fixture
def suffix() -> str:
    """Standard queues, unless a test says otherwise."""
    return ""


@pytest.fixture
def site(tmp_path: Path, moto_server: str, suffix: str) -> Iterator[Site]:
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(time_scale=5.0, seed=1))
        yield stack.enter_context(closing(Site(tmp_path, moto_server, simulator, suffix)))


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
    """Wait for it; returns how many seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"not {what} within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - begun


def stop(daemon: Daemon) -> float:
    """SIGTERM, and the seconds until it has ended, with exit 0."""
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0, daemon.log
    return time.monotonic() - begun


def in_flight(daemon: Daemon) -> int:
    found = re.search(r"^watcher_sessions_in_flight (\S+)", daemon.get("/metrics"), re.MULTILINE)
    assert found
    return int(float(found[1]))


@pytest.mark.parametrize("watchers", [2, 4])
def test_a_watcher_killed_at_random_moments_costs_no_session_and_makes_no_second_decision(
    site: Site, watchers: int
) -> None:
    chance = random.Random(watchers)
    settings = {"WATCHER_QUEUE__VISIBILITY_TIMEOUT": "6", "WATCHER_QUEUE__MAX_IN_FLIGHT": "120"}
    running = [site.start(**settings) for _ in range(watchers)]
    for watcher in running:
        watcher.wait_for_event("started")
    ids: list[str] = []
    kills = sorted(chance.randrange(100, 900) for _ in range(3))
    begun = time.monotonic()
    while len(ids) < 1000:
        ids += site.feed(20, QUICK)
        if kills and len(ids) > kills[0]:
            kills.pop(0)
            victim = chance.randrange(watchers)
            time.sleep(chance.random() / 2)
            running[victim].send(signal.SIGKILL)
            running[victim] = site.start(**settings)
        # Moto's receive takes the longer the more is waiting.
        wait_until(lambda: site.depth()[0] < 60, "a small backlog")
    site.wait_until_empty()
    print(watchers, "watchers", time.monotonic() - begun, "s", "restarts", len(site.daemons))
    for daemon in running:
        stop(daemon)
    assert site.depth() == (0, 0)
    entries = site.ledger()
    assert sorted(entry.event.key.session_id for entry in entries) == sorted(ids)
    recorded = {entry.event.key.event_id: json.loads(entry.event.body) for entry in entries}
    emitted = [event for daemon in site.daemons for event in daemon.decisions]
    assert {event["id"] for event in emitted} == recorded.keys()
    assert all(event == recorded[event["id"]] for event in emitted)
    assert {event["data"]["outcome"] for event in recorded.values()} == {"live"}


def test_throttled_and_slow_extensions_cost_no_redelivery_of_live_work(site: Site, moto_server: str) -> None:
    chance = random.Random(1)
    with closing(
        SqsProxy(moto_server, {EXTEND: 0.5}, lambda call: call == EXTEND and chance.random() < 0.2)
    ) as proxy:
        settings = {"WATCHER_QUEUE__VISIBILITY_TIMEOUT": "18", "WATCHER_QUEUE__ENDPOINT_URL": proxy.url}
        watchers = [site.start(**settings) for _ in range(2)]
        ids = site.feed(200, SessionScript(created_for=0, in_progress_for=100))  # 20 s here
        wait_until(lambda: len(site.ledger()) == len(ids), "all decided")
        site.wait_until_empty()
        for watcher in watchers:
            stop(watcher)
        print(proxy.calls, proxy.throttled)
        assert proxy.throttled[EXTEND] > 0
        assert set(proxy.received.values()) == {1}
        assert len(proxy.received) == len(ids)


def test_a_lost_lease_ends_the_polls_of_its_session_within_a_beat_and_nothing_is_decided(
    site: Site, moto_server: str
) -> None:
    with closing(SqsProxy(moto_server)) as proxy:
        beat = 2.0
        settings = {"WATCHER_QUEUE__VISIBILITY_TIMEOUT": str(int(beat * 3)), "WATCHER_QUEUE__ENDPOINT_URL": proxy.url}
        watcher = site.start(**settings)
        site.feed(1, NEVER)
        wait_until(lambda: in_flight(watcher) == 1, "received")
        site.client.delete_message(QueueUrl=site.queue_url, ReceiptHandle=proxy.receipts[0])
        # A beat until the lease is tried, and a look or two at the metrics.
        assert wait_until(lambda: in_flight(watcher) == 0, "dropped") < beat * 2
        polls = len(site.simulator.calls)
        time.sleep(2.5)  # longer than the longest wait between two polls
        assert len(site.simulator.calls) <= polls + 1  # one may have been under way
        stop(watcher)
        assert (watcher.decisions, site.ledger()) == ([], [])


def test_what_a_stopped_watcher_gives_back_another_one_has_within_two_seconds(site: Site) -> None:
    first = site.start()
    site.feed(30, NEVER)
    wait_until(lambda: in_flight(first) == 30, "received")
    second = site.start()
    second.wait_for_event("started")
    first.send(signal.SIGTERM)
    first.wait_for_event("released", messages=30)
    assert wait_until(lambda: in_flight(second) == 30, "taken over", 10) < 2
    assert first.end() == 0
    assert site.ledger() == []


def test_a_stop_interrupts_an_idle_watcher(site: Site) -> None:
    watcher = site.start()
    watcher.wait_for_event("started")
    assert stop(watcher) < 5
    assert not [line for line in watcher.log if line["event"] == "not_released"]


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_what_cannot_be_served_is_put_aside_and_blocks_nobody(site: Site) -> None:
    live = [site.simulator.create_session(QUICK) for _ in range(3)]
    envelope = json.dumps({"Type": "Notification", "TopicArn": "arn:x", "Message": live[2]})
    site.command("enqueue", live[0], live[1], live[1])
    group = {"MessageGroupId": "one group for both"} if site.queue_url.endswith(".fifo") else {}
    for number, body in enumerate(["rubbish", envelope]):
        unique = {"MessageDeduplicationId": str(number)} if group else {}
        site.client.send_message(QueueUrl=site.queue_url, MessageBody=body, **group, **unique)
    watcher = site.start()
    wait_until(lambda: site.depth() == (0, 0), "empty")
    assert {event["subject"] for event in watcher.decisions} == set(live)
    (letter,) = [json.loads(line) for line in site.command("dead", "list", "--json").splitlines()]
    assert (letter["body"], letter["reason"]) == ("rubbish", "invalid_session_id")
    assert site.command("dead", "replay", letter["id"]) == "replayed 1\n"
    wait_until(lambda: site.depth() == (0, 0) and site.depth(site.dead_letter_url) == (1, 0), "put aside again")
    assert site.command("dead", "drop", "--all") == "dropped 1\n"
    assert site.command("dead", "list") == ""
    stop(watcher)


def test_a_session_costs_a_third_of_an_sqs_call_when_busy(site: Site) -> None:
    """Sessions come and end in a steady stream, one by one: nothing but the watcher makes batches of them.

    From the light stand-in: moto is too slow to be kept busy on a small machine.
    """
    chance, sqs = random.Random(3), LightSqs()
    with ExitStack() as stack:
        server = stack.enter_context(closing(HttpServer(sqs.handle, "127.0.0.1", 0)))
        url = "http://{}:{}".format(*server.address)
        client = stack.enter_context(closing(aws_client("sqs", url)))
        queue_url = f"{url}/123456789012/sessions"
        watcher = site.start(
            WATCHER_QUEUE__URL=queue_url,
            WATCHER_QUEUE__ENDPOINT_URL=url,
            WATCHER_QUEUE__DEAD_LETTER_URL="",
            # To these sessions (3 to 4 s in flight) as the default of 60 s is to usual ones (20 s): some outlast its
            # first third.
            WATCHER_QUEUE__VISIBILITY_TIMEOUT="12",
            WATCHER_POLLING__CONCURRENCY="8",
        )
        watcher.wait_for_event("started")
        count, begun = 500, time.monotonic()
        before = calls_of_the_watcher(sqs)
        for number in range(count):
            script = SessionScript(created_for=0, in_progress_for=chance.uniform(5, 15))
            entry = {"Id": "1", "MessageBody": site.simulator.create_session(script)}
            client.send_message_batch(QueueUrl=queue_url, Entries=[entry])
            time.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        wait_until(lambda: not sqs.report()["left"], "empty")
        print(sqs.calls, count / (time.monotonic() - begun))
        assert (calls_of_the_watcher(sqs) - before) / count <= 0.35
        stop(watcher)


def calls_of_the_watcher(sqs: LightSqs) -> int:
    return sqs.calls.total() - sqs.calls["SendMessageBatch"]

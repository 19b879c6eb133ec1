"""Several real watchers on one SQS queue: killed, throttled, stopped."""

import json
import random
import signal
import time
from contextlib import ExitStack, closing

import pytest

from tests.benchmarks.light_sqs import LightSqs
from tests.chaos.proxy import EXTEND, SqsProxy
from tests.chaos.site import NEVER, QUICK, Site, in_flight, polls_of, stop
from tests.chaos.waiting import wait_until
from tests.stack import aws_client
from tests.support import BUSY
from watcher.consumer.lease_extender import EXTEND_AFTER
from watcher.simulator import SessionScript
from watcher.simulator.server import HttpServer

RATE = 50.0
"""Sessions a second that are busy times: the poll quota allows no more than 50."""


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
        for watcher in watchers:
            watcher.wait_for_event("started")  # or the sessions may be over before their first extension
        ids = site.feed(200, SessionScript(created_for=0, in_progress_for=150))  # 30 s here
        wait_until(lambda: len(site.ledger()) == len(ids), "all decided")
        site.wait_until_empty()
        for watcher in watchers:
            stop(watcher)
        print(proxy.calls, proxy.throttled)
        assert proxy.throttled[EXTEND] > 0
        assert proxy.redelivered == set()
        assert len(proxy.received) == len(ids)


def test_a_lost_lease_ends_the_polls_of_its_session_within_one_beat_and_nothing_is_decided(
    site: Site, moto_server: str
) -> None:
    """A beat is two fifths of a lease: within it each lease is extended, and SQS says whether it is lost."""
    lease, interval = 18, 0.2
    with closing(SqsProxy(moto_server)) as proxy:
        settings = {
            "WATCHER_QUEUE__VISIBILITY_TIMEOUT": str(lease),
            "WATCHER_QUEUE__ENDPOINT_URL": proxy.url,
            "WATCHER_POLLING__STRATEGY": "backoff",
            "WATCHER_POLLING__MIN_INTERVAL": str(interval),
            "WATCHER_POLLING__MAX_INTERVAL": str(interval),
        }
        watcher = site.start(**settings)
        (lost,) = site.feed(1, NEVER)
        wait_until(lambda: in_flight(watcher) == 1, "received")
        (receipt,) = proxy.receipts
        (kept,) = site.feed(1, NEVER)
        site.client.delete_message(QueueUrl=site.queue_url, ReceiptHandle=receipt)
        over = time.monotonic() + lease * EXTEND_AFTER
        before = polls_of(site, lost)
        time.sleep(over - time.monotonic())
        polls, others = polls_of(site, lost), polls_of(site, kept)
        wait_until(lambda: polls_of(site, kept) > others + 5, "polls of the other session")
        assert polls_of(site, lost) == polls > before
        assert in_flight(watcher) == 1
        stop(watcher)
        assert (watcher.decisions, site.ledger()) == ([], [])


def test_what_a_stopped_watcher_gives_back_another_one_has_within_two_seconds(site: Site) -> None:
    first, second = site.start(), site.start()
    for watcher in (first, second):
        watcher.wait_for_event("started")
    fed = 0
    while not in_flight(first):
        fed += len(site.feed(20, NEVER))
    wait_until(lambda: in_flight(first) + in_flight(second) == fed, "received")
    released = in_flight(first)
    first.send(signal.SIGTERM)
    first.wait_for_event("messages_released", messages=released)
    assert wait_until(lambda: in_flight(second) == fed, "taken over", 30) < 2 + BUSY
    assert first.end() == 0
    assert site.ledger() == []


def test_a_stop_interrupts_an_idle_watcher(site: Site) -> None:
    watcher = site.start()
    watcher.wait_for_event("started")
    assert stop(watcher) < 5 + BUSY
    assert not [line for line in watcher.log if line["event"] == "release_failed"]


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
    assert site.command("dead", "drop", "--all", "--yes") == "dropped 1\n"
    assert site.command("dead", "list") == ""
    stop(watcher)


def test_what_there_is_no_place_for_is_told_each_time_with_its_reason_and_is_no_dead_letter_yet(site: Site) -> None:
    watcher = site.start(WATCHER_QUEUE__DEAD_LETTER_URL="", WATCHER_QUEUE__VISIBILITY_TIMEOUT="3")
    site.client.send_message(QueueUrl=site.queue_url, MessageBody="rubbish")

    def left() -> list[tuple[object, object]]:
        return [
            (line["reason"], line["receive_count"])
            for line in watcher.log
            if line["event"] == "dead_letter_queue_missing"
        ]

    wait_until(lambda: len(left()) >= 2, "received twice")
    assert left()[:2] == [("invalid_session_id", 1), ("invalid_session_id", 2)]
    assert 'watcher_dead_letters_total{reason="invalid_session_id"} 0.0' in watcher.get("/metrics")
    stop(watcher)
    assert "message_dead_lettered" not in [line["event"] for line in watcher.log]


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
            # To these sessions (3 to 4 s in flight) as the default of 60 s is to those of 12 to 16 s.
            WATCHER_QUEUE__VISIBILITY_TIMEOUT="15",
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

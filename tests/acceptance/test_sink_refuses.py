"""A sink that takes decisions, but some not for what they are, seen from outside."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGTERM
from threading import Event
from typing import Any

import pytest

from tests.acceptance.conftest import Daemon
from tests.chaos.site import Site
from tests.chaos.waiting import wait_until
from tests.integration.support.receivers import Receiver, answer
from tests.stack import aws_client
from tests.support import run_watcher
from watcher.domain.limits import MAX_CONTEXT_BYTES, MAX_MESSAGE_BYTES
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

AT_ONCE = SessionScript(created_for=0, in_progress_for=0)


def message(session: str, size: int) -> str:
    """A message of exactly so many bytes, most of them context."""
    body = json.dumps({"sessionId": session, "context": {"a": ""}}, separators=(",", ":"))
    return body[:-3] + "x" * (size - len(body)) + body[-3:]


class Picky:
    """A receiver that takes no large body until it is mended."""

    def __init__(self) -> None:
        self.is_mended = Event()
        self.receiver = Receiver(self._reply)
        self.sink = {"type": "webhook", "name": "back-end", "url": self.receiver.url, "allow_private": True}

    def _reply(self, receiver: Receiver, handler: Any) -> None:
        is_large = int(handler.headers["content-length"]) > 10_000
        answer(413 if is_large and not self.is_mended.is_set() else 204)(receiver, handler)

    def taken(self) -> list[str]:
        """The sessions it took, in order."""
        bodies = [got.body for got in self.receiver.got]
        return [json.loads(body)["subject"] for body in bodies if len(body) <= 10_000 or self.is_mended.is_set()]


@pytest.fixture
def picky() -> Iterator[Picky]:
    receiver = Picky()
    yield receiver
    receiver.receiver.close()


def test_what_a_webhook_refuses_holds_up_nothing_and_is_handed_over_after_a_replay(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon], picky: Picky
) -> None:
    large = [simulator.create_session(AT_ONCE) for _ in range(6)]
    small = [simulator.create_session(AT_ONCE) for _ in range(3)]
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send([*(message(session, 20_000) for session in large), *small])
    # No more room than for half of those that are refused: they have to leave it.
    sinks = json.dumps([{"type": "stdout"}, picky.sink])
    daemon = start(WATCHER_QUEUE__MAX_IN_FLIGHT="3", WATCHER_SINKS=sinks)
    wait_until(lambda: set(picky.taken()) == set(small), "all small ones delivered")
    daemon.wait_for(lambda: _count(daemon, "message_dead_lettered") == 6, "dead letters")
    assert _count(daemon, "circuit_opened") == 0
    told = daemon.wait_for_event("event_rejected", session_id=large[0])
    assert (told["level"], told["sink"]) == ("error", "back-end")
    assert "answered 413 to a body of 2" in told["error"]
    metrics = daemon.get("/metrics")
    assert 'watcher_sink_deliveries_total{result="refused",sink="back-end"} 6.0' in metrics
    assert 'watcher_dead_letters_total{reason="refused_by_sink"} 6.0' in metrics
    assert daemon.get("/readyz") == "[]\n"

    listed = run_watcher(tmp_path, "dead", "list").stdout.splitlines()
    assert len(listed) == 6
    assert all("refused_by_sink: sink back-end: http://localhost" in line for line in listed)
    picky.is_mended.set()
    assert run_watcher(tmp_path, "dead", "replay", "--all").stdout == "replayed 6\n"
    wait_until(lambda: len(picky.receiver.got) == 15, "all large ones delivered")
    daemon.send(SIGTERM)
    assert daemon.end() == 0
    events = {got.headers["webhook-id"]: json.loads(got.body) for got in picky.receiver.got}
    assert len(events) == 9
    assert sorted(decision["id"] for decision in daemon.decisions) == sorted(events)  # once each: none came again
    assert {decision["id"]: decision for decision in daemon.decisions} == events
    with closing(SqliteLedger(tmp_path / "watcher.db", SystemClock())) as ledger:
        assert all(entry.acked_at for entry in ledger.recent(20))


def _count(daemon: Daemon, event: str) -> int:
    return sum(line["event"] == event for line in daemon.log)


def test_messages_whose_events_a_queue_of_sqs_refuses_keep_no_room(
    tmp_path: Path, simulator: Simulator, moto_server: str
) -> None:
    site = Site(tmp_path, moto_server, simulator)
    sqs = aws_client("sqs", moto_server)
    limit = {"MaximumMessageSize": "100000"}
    url = sqs.create_queue(QueueName="decisions", Attributes=limit)["QueueUrl"]
    sinks = json.dumps([{"type": "sqs", "name": "out", "queue_url": url, "endpoint_url": moto_server}])
    large = [simulator.create_session(AT_ONCE) for _ in range(6)]
    try:
        for session in large:
            sqs.send_message(QueueUrl=site.queue_url, MessageBody=message(session, 200_000))
        daemon = site.start(WATCHER_SINKS=sinks, WATCHER_QUEUE__MAX_IN_FLIGHT="3")
        daemon.wait_for(lambda: _count(daemon, "message_dead_lettered") == 6, "dead letters")
        [good] = site.feed(1, AT_ONCE)
        daemon.wait_for_event("decided", session_id=good)
        told = daemon.wait_for_event("event_rejected", session_id=large[0])
        assert "an entry of 20" in told["error"]
        assert "raise the queue's MaximumMessageSize" in told["error"]
        received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        assert [json.loads(found["Body"])["subject"] for found in received] == [good]
        assert _count(daemon, "circuit_opened") == 0
        assert site.command("dead", "list").count("refused_by_sink: sink out: an entry of 20") == 6
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1048576"})
        assert site.command("dead", "replay", "--all") == "replayed 6\n"
        subjects = set[str]()
        while len(subjects) < 6:
            found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, VisibilityTimeout=60)["Messages"]
            subjects |= {json.loads(each["Body"])["subject"] for each in found} - {good}
        assert subjects == set(large)
        daemon.send(SIGTERM)
        assert daemon.end() == 0
    finally:
        site.close()
        sqs.close()


def test_the_largest_context_reaches_a_queue_of_sqs_and_what_is_larger_is_a_dead_letter(
    tmp_path: Path, simulator: Simulator, moto_server: str
) -> None:
    site = Site(tmp_path, moto_server, simulator)
    sqs = aws_client("sqs", moto_server)
    limit = {"MaximumMessageSize": str(MAX_MESSAGE_BYTES)}
    url = sqs.create_queue(QueueName="decisions", Attributes=limit)["QueueUrl"]
    sinks = json.dumps([{"type": "sqs", "name": "out", "queue_url": url, "endpoint_url": moto_server}])
    good, large, growing = (simulator.create_session(AT_ONCE) for _ in range(3))
    around = len(message(good, 0)) - len('{"a":""}')
    bodies = {
        good: message(good, around + MAX_CONTEXT_BYTES),
        large: message(large, around + MAX_CONTEXT_BYTES + 1),
        growing: message(growing, 200_000).replace("xx", "\x7f\x7f"),
    }
    try:
        for body in bodies.values():
            sqs.send_message(QueueUrl=site.queue_url, MessageBody=body)
        daemon = site.start(WATCHER_SINKS=sinks)
        daemon.wait_for(lambda: _count(daemon, "message_dead_lettered") == 2, "dead letters")
        daemon.wait_for_event("decided", session_id=good)
        [received] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        event = json.loads(received["Body"])
        assert event["data"]["context"] == json.loads(bodies[good])["context"]
        assert len(json.dumps(event["data"]["context"], separators=(",", ":"))) == MAX_CONTEXT_BYTES
        letters = site.command("dead", "list")
        assert letters.count(f"too_large: context has {MAX_CONTEXT_BYTES + 1} bytes in the event") == 1
        assert letters.count("too_large: context has ") == 2
        assert _count(daemon, "event_rejected") == 0
        daemon.send(SIGTERM)
        assert daemon.end() == 0
    finally:
        site.close()
        sqs.close()

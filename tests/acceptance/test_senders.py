"""What a hostile or careless sender can do to a session, seen from outside."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest

from tests.acceptance.conftest import Daemon
from tests.chaos.site import Site
from tests.stack import aws_client
from tests.support import decision, run_watcher, session_id
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

LASTING = SessionScript(created_for=0, in_progress_for=60)


def hour_ago() -> str:
    return (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def send(folder: Path, *messages: object) -> None:
    """As any program may that can write to the queue."""
    with closing(SqliteQueue(folder / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send([message if isinstance(message, str) else json.dumps(message) for message in messages])


def decided(daemon: Daemon, session: str) -> dict[str, Any]:
    daemon.wait_for(lambda: any(each["subject"] == session for each in daemon.decisions), "decision")
    [data] = [each["data"] for each in daemon.decisions if each["subject"] == session]
    assert isinstance(data, dict)
    return data


def test_a_creation_time_of_an_hour_ago_ends_no_session_first_or_second(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    daemon = start()
    daemon.wait_for_event("started")
    first, second = simulator.create_session(LASTING), simulator.create_session(LASTING)
    forged = hour_ago()
    send(tmp_path, {"sessionId": first, "createdAt": forged}, first, second)
    send(tmp_path, {"sessionId": second, "createdAt": forged})
    assert [decided(daemon, session)["outcome"] for session in (first, second)] == ["live", "live"]
    told = daemon.wait_for_event("creation_time_corrected", session_id=first)
    assert told["level"] == "warning"
    assert told["claimed"][:19] == forged[:19]
    daemon.send(SIGTERM)
    assert daemon.end() == 0
    explained = run_watcher(tmp_path, "explain", first).stdout
    assert f"says {forged[:19]}" in explained
    assert "too old to be true" in explained


def test_a_creation_time_of_three_minutes_ago_does_not_end_a_session_that_is_running(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    daemon = start()
    daemon.wait_for_event("started")
    session = simulator.create_session(SessionScript(created_for=0, in_progress_for=6))
    claim = (datetime.now(UTC) - timedelta(seconds=178)).isoformat()
    assert run_watcher(tmp_path, "enqueue", "--created-at", claim, session).returncode == 0
    data = decided(daemon, session)
    told = daemon.wait_for_event("creation_time_corrected", session_id=session)
    assert (data["outcome"], told["claimed"][:19]) == ("live", claim[:19])
    assert data["createdAt"] == told["sent_at"]


@pytest.fixture
def site(tmp_path: Path, moto_server: str, simulator: Simulator) -> Iterator[Site]:
    opened = Site(tmp_path, moto_server, simulator)
    yield opened
    opened.close()


def test_a_sent_time_that_a_sender_writes_as_an_attribute_ends_no_session(
    site: Site, moto_server: str, simulator: Simulator
) -> None:
    daemon = site.start()
    daemon.wait_for_event("started")
    session = simulator.create_session(LASTING)
    forged = {"watcher.sentAt": "1600000000000", "watcher.messageId": "m", "reason": "unknown_policy"}
    with closing(aws_client("sqs", moto_server)) as sqs:
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in forged.items()}
        sqs.send_message(QueueUrl=site.queue_url, MessageBody=session, MessageAttributes=attributes)
    assert decided(daemon, session)["outcome"] == "live"
    told = daemon.wait_for_event("creation_time_corrected", session_id=session)
    assert told["claimed"] == "2020-09-13T12:26:40.000Z"
    daemon.send(SIGTERM)
    assert daemon.end() == 0


def an_old_decision(folder: Path, number: int, *delivered: str, settled: bool) -> None:
    """As the ledger has it of a session of an hour ago."""
    sample = decision(number)
    event = json.loads(sample.body)
    event["data"] |= {"createdAt": hour_ago(), "context": {"userId": "a"}}
    with closing(SqliteLedger(folder / "watcher.db", SystemClock())) as ledger:
        ledger.record([(replace(sample, body=json.dumps(event)), "[]")])
        for sink in delivered:
            ledger.mark_delivered([sample.key], sink)
        if settled:
            ledger.mark_acked([sample.key])


def test_a_session_of_long_ago_that_is_enqueued_again_is_acked_and_reaches_no_sink(
    tmp_path: Path, start: Callable[..., Daemon]
) -> None:
    settled, undelivered = session_id(1), session_id(2)
    an_old_decision(tmp_path, 1, "stdout", settled=True)
    an_old_decision(tmp_path, 2, settled=False)
    send(tmp_path, settled, {"sessionId": settled, "createdAt": hour_ago()}, undelivered)
    send(tmp_path, {"sessionId": settled, "context": {"userId": "victim"}})
    daemon = start("--until-empty")
    assert daemon.end() == 0
    assert [each["data"]["sessionId"] for each in daemon.decisions] == [undelivered]
    assert daemon.wait_for_event("late_message_acked", session_id=settled)["policy"] == "default"
    told = daemon.wait_for_event("context_conflict", session_id=settled)
    assert told["level"] == "warning"
    assert "victim" not in json.dumps([daemon.log, daemon.stray])
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        assert (queue.depth().visible, queue.depth().leased) == (0, 0)

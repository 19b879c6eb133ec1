"""Faults that no event is to blame for, in the real process."""

import json
import resource
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from signal import SIGTERM
from urllib.error import HTTPError

import pytest

from tests.acceptance.conftest import Daemon
from tests.integration.support.event_buses import EventBridge
from tests.integration.support.receivers import Receiver
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock

AT_ONCE = SessionScript(created_for=0, in_progress_for=0)
Start = Callable[..., Daemon]


def problems(daemon: Daemon) -> dict[str, str]:
    """What /readyz says."""
    try:
        return {each["part"]: each["problem"] for each in json.loads(daemon.get("/readyz"))}
    except HTTPError as error:
        with closing(error):
            return {each["part"]: each["problem"] for each in json.load(error)}


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        yield queue


def test_decisions_for_a_bus_that_was_deleted_wait_for_it(
    tmp_path: Path, simulator: Simulator, start: Start, queue: SqliteQueue
) -> None:
    """PutEvents reports success all the time."""
    bridge = EventBridge()
    try:
        sinks = [{"type": "eventbridge", "name": "bus", "bus": "decisions", "endpoint_url": bridge.url}]
        daemon = start(WATCHER_SINKS=json.dumps(sinks))
        sessions = [simulator.create_session(AT_ONCE) for _ in range(2)]
        queue.send(sessions[:1])
        daemon.wait_for_event("decided", session_id=sessions[0])
        bridge.wait_for(1)
        bridge.exists = False
        queue.send(sessions[1:])
        opened = daemon.wait_for_event("circuit_opened", sink="bus")
        assert "event bus decisions: ResourceNotFoundException" in opened["error"]
        assert "decisions wait: TargetMissing (ResourceNotFoundException)" in problems(daemon)["sink bus"]
        bridge.exists = True
        daemon.wait_for_event("circuit_closed", sink="bus")
        daemon.send(SIGTERM)
        assert daemon.end() == 0
    finally:
        bridge.close()
    assert {event.partition(":")[0] for event in bridge.events} == set(sessions)
    with closing(SqliteLedger(tmp_path / "watcher.db", SystemClock())) as ledger:
        assert all(entry.acked_at for entry in ledger.recent(10))


def test_a_process_without_file_descriptors_blames_no_event_and_delivers_all_once_it_has_some(
    tmp_path: Path, simulator: Simulator, start: Start, queue: SqliteQueue
) -> None:
    """Each attempt meets "Too many open files": the sink is down, and nothing becomes a dead letter."""
    receiver = Receiver(204)
    try:
        sinks = [{"type": "webhook", "name": "back-end", "url": receiver.url, "allow_private": True}]
        daemon = start(WATCHER_SINKS=json.dumps([*sinks, {"type": "file", "path": str(tmp_path / "out.jsonl")}]))
        daemon.wait_for_event("started")
        sessions = [simulator.create_session(AT_ONCE) for _ in range(8)]
        queue.send(sessions[:1])
        daemon.wait_for_event("decided", session_id=sessions[0])  # every other part has what it needs by now
        before = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (_lowest_free(daemon), before[1]))
        queue.send(sessions[1:])
        opened = daemon.wait_for_event("circuit_opened", sink="file")
        assert "Too many open files" in opened["error"]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, before)
        daemon.wait_for(lambda: _count(daemon, "decided") == len(sessions), "decisions")
        daemon.wait_for(
            lambda: _count(daemon, "circuit_closed") == _count(daemon, "circuit_opened"), "closed circuits"
        )
        daemon.send(SIGTERM)
        assert daemon.end() == 0
    finally:
        receiver.close()
    assert _count(daemon, "event_rejected") == _count(daemon, "message_dead_lettered") == 0
    assert {json.loads(got.body)["subject"] for got in receiver.got} == set(sessions)
    assert {json.loads(line)["subject"] for line in (tmp_path / "out.jsonl").read_text().splitlines()} == set(
        sessions
    )
    assert queue.depth().dead == 0


def _count(daemon: Daemon, event: str) -> int:
    return sum(line["event"] == event for line in daemon.log)


def _lowest_free(daemon: Daemon) -> int:
    """The number of the next descriptor that the process would open."""
    used = {int(path.name) for path in Path(f"/proc/{daemon.process.pid}/fd").iterdir()}
    return next(number for number in count() if number not in used)

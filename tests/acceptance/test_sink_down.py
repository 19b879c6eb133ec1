"""A sink that is down, seen from outside."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from signal import SIGTERM
from threading import Event
from urllib.error import HTTPError

import pytest

from tests.acceptance.conftest import Daemon
from tests.integration.support.receivers import Receiver, answer
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.simulator import SessionScript, Simulator
from watcher.util.clock import SystemClock


def test_a_stop_does_not_wait_for_a_sink_that_is_down_and_its_messages_go_back(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    session = simulator.create_session(SessionScript(created_for=0, in_progress_for=0))
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send([session])
        receiver = Receiver(503)
        sinks = [{"type": "webhook", "name": "back-end", "url": receiver.url, "allow_private": True}]
        try:
            daemon = start(WATCHER_SINKS=json.dumps(sinks), WATCHER_SHUTDOWN__DRAIN_TIMEOUT="600")
            daemon.wait_for_event("circuit_opened", sink="back-end")
            daemon.send(SIGTERM)
            assert daemon.end() == 0
        finally:
            receiver.close()
        assert queue.depth().visible == 1
    with closing(SqliteLedger(tmp_path / "watcher.db", SystemClock())) as ledger:
        (entry,) = ledger.recent(10)
    assert (entry.event.key.session_id, entry.acked_at) == (session, None)


def test_a_sink_that_is_down_holds_back_its_own_deliveries_and_bounds_what_is_taken_in(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    sessions = [simulator.create_session(SessionScript(created_for=0, in_progress_for=0)) for _ in range(5)]
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        queue.send(sessions)
    is_up = Event()

    def reply(receiver: Receiver, request: object) -> None:
        answer(204 if is_up.is_set() else 500)(receiver, request)

    receiver = Receiver(reply)
    sinks = [{"type": "stdout"}, {"type": "webhook", "name": "back-end", "url": receiver.url, "allow_private": True}]
    try:
        daemon = start(WATCHER_QUEUE__MAX_IN_FLIGHT="3", WATCHER_SINKS=json.dumps(sinks))
        daemon.wait_for_event("circuit_opened", sink="back-end")
        assert len(daemon.wait_for_decisions(3)) == 3  # the other sink has got all that there was room for
        metrics = daemon.get("/metrics")
        assert 'watcher_sink_circuit_open{sink="back-end"} 1.0' in metrics
        assert 'watcher_sink_circuit_open{sink="stdout"} 0.0' in metrics
        assert "watcher_sessions_received_total 3.0" in metrics
        with pytest.raises(HTTPError) as refused:
            daemon.get("/readyz")
        with closing(refused.value):
            (problem,) = json.load(refused.value)
        assert problem["part"] == "sink back-end"
        assert problem["problem"].startswith("circuit open, 3 decisions wait: ")
        is_up.set()
        daemon.wait_for_event("circuit_closed", sink="back-end")
        assert {decision["subject"] for decision in daemon.wait_for_decisions(5)} == set(sessions)
        daemon.send(SIGTERM)
        assert daemon.end() == 0
    finally:
        receiver.close()
    assert {json.loads(got.body)["subject"] for got in receiver.got} == set(sessions)

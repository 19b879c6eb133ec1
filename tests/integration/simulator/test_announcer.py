"""The simulator announces its sessions in a thread that nobody waits for."""

import json
from collections.abc import Sequence
from threading import Event

import pytest

from watcher.simulator import Fixed, HintKind, HintSettings, Scenario, SessionScript, Simulator

LONG = 30.0
"""Seconds for what takes milliseconds, so that a slow machine fails no test."""

ALL_AT_ONCE = Scenario(hints=HintSettings(HintKind.MESSAGE, share=1.0, delay=Fixed(0.0)))
DONE = SessionScript(created_for=0.0, in_progress_for=0.0)


def test_sessions_are_announced_in_the_background() -> None:
    sent, bodies = Event(), list[str]()

    def send(got: Sequence[str]) -> None:
        bodies.extend(got)
        sent.set()

    with Simulator(ALL_AT_ONCE, send_hints=send, epoch_clock=lambda: 1_700_000_000.0) as simulator:
        session_id = simulator.create_session(DONE)
        assert sent.wait(LONG)
    message = json.loads(bodies[0])
    assert (message["sessionId"], message["complete"]) == (session_id, True)
    assert message["createdAt"].startswith("2023-11-14T22:13:")


def test_a_queue_that_hangs_holds_up_neither_the_endpoint_nor_other_sessions() -> None:
    entered, release = Event(), Event()

    def hang(_bodies: Sequence[str]) -> None:
        entered.set()
        release.wait(LONG)

    with Simulator(ALL_AT_ONCE, send_hints=hang) as simulator:
        simulator.create_session(DONE)
        assert entered.wait(LONG)
        ids = {simulator.create_session(DONE) for _ in range(1000)}
        assert len(ids) == 1000
        assert simulator.hints == []
        release.set()


def test_without_a_queue_nothing_is_announced() -> None:
    with Simulator(ALL_AT_ONCE) as simulator:
        simulator.create_session(DONE)
        assert simulator.hints == []


def test_what_is_not_due_at_the_end_is_not_sent() -> None:
    got = list[str]()
    with Simulator(ALL_AT_ONCE, send_hints=got.extend) as simulator:
        simulator.create_session(SessionScript(created_for=100.0))
    assert got == []


def test_a_failure_is_logged_unless_someone_asks_for_it(caplog: pytest.LogCaptureFixture) -> None:
    failed = Event()

    def fail(_bodies: Sequence[str]) -> None:
        failed.set()
        raise OSError("no such queue: create it")

    with Simulator(ALL_AT_ONCE, send_hints=fail) as simulator:
        simulator.create_session(DONE)
        assert failed.wait(LONG)
    assert "hints are not sent: no such queue: create it" in caplog.text

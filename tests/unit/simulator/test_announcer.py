"""Sending hints: when they are due, and what a broken queue does."""

import json
from collections.abc import Sequence

from tests.unit.simulator.conftest import FakeClock
from watcher.simulator import SessionScript
from watcher.simulator.announcer import Announcer
from watcher.simulator.hints import HintKind, SimulatedHint
from watcher.simulator.sessions import CreateRequest, SimulatedSession


def hint(due: float, session_id: str = "x") -> SimulatedHint:
    return SimulatedHint(
        due, SimulatedSession(session_id, SessionScript(), CreateRequest(), 1000.0), HintKind.MESSAGE, True
    )


class Desk:
    """An announcer under a fake clock, without its thread; `fault` makes its queue fail."""

    def __init__(self, most_waiting: int = 100) -> None:
        self.clock = FakeClock()
        self.fault: Exception | None = None
        self.errors: list[str] = []
        self.got: list[str] = []
        self.announcer = Announcer(
            self.send, lambda error: self.errors.append(str(error)), self.clock, lambda: 0.0, 2048, most_waiting
        )

    def send(self, bodies: Sequence[str]) -> None:
        if self.fault:
            raise self.fault
        self.got += [json.loads(body)["sessionId"] for body in bodies]


def test_hints_are_sent_when_they_are_due_whatever_their_order() -> None:
    desk = Desk()
    desk.announcer.add([hint(1003, "late"), hint(1001, "soon"), hint(1001, "next")])
    for now, sent in [(1000.9, []), (1001.0, ["soon", "next"]), (1002.9, ["soon", "next"])]:
        desk.clock.now = now
        desk.announcer.send_due()
        assert desk.got == sent
    desk.clock.now = 2000.0
    desk.announcer.send_due()
    desk.announcer.send_due()
    assert desk.got == ["soon", "next", "late"]
    assert [sent.session.id for sent in desk.announcer.sent()] == desk.got


def test_a_queue_that_fails_is_told_once_and_again_after_it_worked() -> None:
    desk = Desk()
    for fault in [OSError("gone"), OSError("gone"), None, OSError("again")]:
        desk.fault = fault
        desk.announcer.add([hint(1000)])
        desk.announcer.send_due()
    assert desk.errors == ["gone", "again"]
    assert len(desk.got) == len(desk.announcer.sent()) == 1


def test_hints_beyond_the_limit_are_dropped_and_told_once() -> None:
    desk = Desk(most_waiting=2)
    desk.announcer.add([hint(1000, name) for name in "abcd"])
    desk.announcer.send_due()
    assert desk.got == ["a", "b"]
    assert desk.errors == ["2 hints wait to be sent, further ones are dropped: create sessions more slowly"]

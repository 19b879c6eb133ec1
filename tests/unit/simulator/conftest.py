import json
from collections.abc import Callable
from typing import Any

import pytest

from watcher.simulator.scenario import Ending, Scenario
from watcher.simulator.service import LivenessService, TimedReply
from watcher.simulator.wire import CREATE, GET, TARGET_PREFIX


class FakeClock:
    """Seconds that go by only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """A service under a fake clock, called as the server calls it."""

    def __init__(self, scenario: Scenario, clock: FakeClock, time_scale: float = 1.0) -> None:
        self.clock = clock
        self.service = LivenessService(scenario, clock, time_scale)

    def send(self, operation: str, **members: Any) -> TimedReply:
        return self.service.handle(TARGET_PREFIX + operation, json.dumps(members).encode())

    def create(self, **members: Any) -> str:
        answer = json.loads(self.send(CREATE, **members).reply.body)
        return str(answer["SessionId"])

    def results(self, session_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.send(GET, SessionId=session_id).reply.body)
        return answer

    def status(self, session_id: str) -> str:
        answer = self.results(session_id)
        return str(answer.get("Status") or answer["__type"])


MakeCaller = Callable[..., Caller]


@pytest.fixture
def make_caller() -> MakeCaller:
    def make(scenario: Scenario | None = None, time_scale: float = 1.0) -> Caller:
        return Caller(scenario or Scenario.always(Ending("live")), FakeClock(), time_scale)

    return make


@pytest.fixture
def caller(make_caller: MakeCaller) -> Caller:
    """Every session: 2 s CREATED, 8 s IN_PROGRESS, then SUCCEEDED with 99.5."""
    return make_caller()

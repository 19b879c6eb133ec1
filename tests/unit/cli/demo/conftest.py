"""Decisions as the daemon's sink would have them, made from a plan."""

import json
from collections.abc import Callable, Mapping

import pytest

from watcher.cli.demo.plan import DemoSession

MakeLine = Callable[..., str]


@pytest.fixture
def line_of() -> MakeLine:
    """Makes the sink's line of a session; keyword arguments doctor its data."""

    def make(session: DemoSession, **doctored: object) -> str:
        data: Mapping[str, object] = {
            "sessionId": session.session_id,
            "outcome": session.expected.outcome.value,
            "reason": session.expected.reason.value,
            "policy": session.key.policy,
            "polls": 3,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "decidedAt": "2026-01-01T00:00:02.500Z",
            **doctored,
        }
        return json.dumps({"id": session.key.event_id, "data": data})

    return make

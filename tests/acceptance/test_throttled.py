"""A service that throttles every call: readiness says so, and all is well again by itself once it is over."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Daemon
from tests.acceptance.test_proxy_page import enqueue, unready
from watcher.simulator import SessionScript, Simulator

NEXT_TO_NOTHING = 1e-9
"""Calls a second that the endpoint lets through; its burst of one call is spent at once. 0 would be no limit."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """An endpoint whose sessions live for three minutes: the throttling is over before they are."""
    with Simulator(seed=1) as simulator:
        yield simulator


def test_readiness_reports_throttling_with_the_rate_and_recovers_by_itself(
    tmp_path: Path, simulator: Simulator, start: Callable[..., Daemon]
) -> None:
    script = SessionScript(created_for=0, in_progress_for=0)
    sessions = [simulator.create_session(script) for _ in range(30)]
    simulator.set_rate_limit(NEXT_TO_NOTHING)
    enqueue(tmp_path, *sessions)
    daemon = start(WATCHER_POLLING__SESSION_TIMEOUT="170")
    daemon.wait_for_event("component_unavailable", part="throttled")
    problems = unready(daemon)
    assert set(problems) == {"throttled"}
    words = r"(\d+) of (\d+) calls in the last 10 s were throttled; calling at [0-9.]+/s"
    found = re.fullmatch(words, problems["throttled"])
    assert found
    assert 2 * int(found[1]) > int(found[2])
    simulator.set_rate_limit(0)
    assert {event["data"]["outcome"] for event in daemon.wait_for_decisions(30)} == {"live"}
    daemon.wait_for_event("component_recovered", part="throttled")
    assert unready(daemon) == {}

"""The fixture that other projects use: a simulator for each test, closed after it."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from watcher.simulator import SessionScript, Simulator

pytest_plugins = ["watcher.simulator.pytest_plugin"]


@pytest.fixture
def closed_with_its_test() -> Iterator[list[str]]:
    """Requested before the simulator, so that its end comes after the simulator's."""
    urls: list[str] = []
    yield urls
    for url in urls:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=10)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_has_its_own(closed_with_its_test: list[str], liveness_simulator: Simulator, number: int) -> None:
    closed_with_its_test.append(liveness_simulator.url)
    assert liveness_simulator.counts() == {}
    session_id = liveness_simulator.create_session(SessionScript())
    assert liveness_simulator.status(session_id) == "CREATED"

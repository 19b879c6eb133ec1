"""A pytest fixture: `pytest_plugins = ["watcher.simulator.pytest_plugin"]` in a conftest.py brings it in."""

from collections.abc import Iterator

import pytest

from watcher.simulator import Simulator


@pytest.fixture
def liveness_simulator() -> Iterator[Simulator]:
    """A local Rekognition endpoint for one test, on a free port."""
    with Simulator() as simulator:
        yield simulator

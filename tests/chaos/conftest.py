"""A site for each test."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.chaos.site import Site
from watcher.simulator import Simulator


@pytest.fixture
def suffix() -> str:
    """Standard queues, unless a test says otherwise."""
    return ""


@pytest.fixture
def site(tmp_path: Path, moto_server: str, suffix: str) -> Iterator[Site]:
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(time_scale=5.0, seed=1))
        yield stack.enter_context(closing(Site(tmp_path, moto_server, simulator, suffix)))

"""Logging as it was before."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from watcher.telemetry import logs


@pytest.fixture(autouse=True)
def _logging_of_the_process() -> Iterator[None]:
    """Give it back to the other tests as it was."""
    root, own = logging.getLogger(), logging.getLogger(logs.LOGGER)
    before = root.handlers[:], root.level, own.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    structlog.reset_defaults()

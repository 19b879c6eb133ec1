"""Queues with a client whose answers a test writes; a failed entry is tried again at once."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import FakeClient, Open, a_queue
from watcher.queues.sqs import batches
from watcher.queues.sqs.constants import BATCHING
from watcher.queues.sqs.queue import SqsQueue


@pytest.fixture(autouse=True)
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCHING", replace(BATCHING, first_backoff=0.0))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(clock: ManualClock) -> Iterator[Open]:
    """Opens a queue whose client answers as scripted, with 60 s leases and, if asked, dead letters."""
    with ExitStack() as stack:

        def open_queue(*arguments: Any, **script: Any) -> tuple[SqsQueue, FakeClient]:
            queue, client = a_queue(clock, *arguments, **script)
            return stack.enter_context(closing(queue)), client

        yield open_queue

"""Calls of SQS that hang, in threads and seconds of real time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event
from time import monotonic
from typing import Any

import pytest

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import Answer, FakeClient, a_queue, received, take
from watcher.domain.errors import QueueError
from watcher.domain.model import ReceivedMessage
from watcher.queues.sqs.constants import POLLING
from watcher.queues.sqs.queue import SqsQueue

EXTEND = "change_message_visibility_batch"

Open = Callable[..., tuple[SqsQueue, FakeClient]]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens a queue whose client answers as scripted, with 60 s leases and, if asked, dead letters."""
    with ExitStack() as stack:

        def open_queue(*arguments: Any, **script: Any) -> tuple[SqsQueue, FakeClient]:
            queue, client = a_queue(ManualClock(), *arguments, **script)
            return stack.enter_context(closing(queue)), client

        yield open_queue


@pytest.mark.parametrize("count", [1, 25])
def test_a_release_that_gets_no_answer_is_over_when_its_time_is(opened: Open, count: int) -> None:
    gate = Event()

    def hang(_parameters: dict[str, Any]) -> dict[str, Any]:
        gate.wait(30)
        return {}

    receives: list[Answer] = [received(*range(n, min(n + 10, count))) for n in range(0, count, 10)]
    queue, _ = opened(receive_message=receives, change_message_visibility_batch=[hang] * 3)
    leases = [lease for _ in receives for lease in take(queue)]
    begun = monotonic()
    with pytest.raises(QueueError, match=rf"{count} of {count} messages were not released.* within the 0\.1 s"):
        queue.release(leases, 0.1)
    queue.close(0.0)
    assert monotonic() - begun < 15
    gate.set()


def test_what_was_given_back_in_time_is_not_told_as_failed(opened: Open) -> None:
    gate = Event()

    def hang_for_r1(parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters["Entries"][0]["ReceiptHandle"] == "r1":
            gate.wait(30)
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    receives: list[Answer] = [received(*range(n, n + 10)) for n in (1, 11)]
    queue, _ = opened(receive_message=receives, change_message_visibility_batch=[hang_for_r1] * 2)
    leases = [lease for _ in receives for lease in take(queue)]
    with pytest.raises(QueueError, match="10 of 20 messages were not released"):
        queue.release(leases, 0.5)
    gate.set()


def test_a_poll_that_hangs_is_waited_for_no_longer_than_there_is_time_and_not_twice(opened: Open) -> None:
    begun, gate, stop = Event(), Event(), Event()

    def hang(_parameters: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        gate.wait(30)
        return {}

    queue, client = opened(receive_message=[hang])
    waiting = threading.Thread(target=queue.receive, args=(10, 20, stop))
    waiting.start()
    assert begun.wait(30)
    stop.set()
    waiting.join(30)
    before = monotonic()
    queue.close(0.1)
    queue.close()
    assert monotonic() - before < POLLING.close_wait
    assert client.is_closed
    gate.set()


def test_a_stop_leaves_a_poll_behind_and_what_it_brings_is_given_back(opened: Open) -> None:
    begun, may_end, stop = Event(), Event(), Event()

    def slow(_parameters: dict[str, Any]) -> dict[str, Any]:
        begun.set()
        assert may_end.wait(30)
        return received(1, 2)

    queue, client = opened(receive_message=[slow])
    result: list[list[ReceivedMessage]] = []
    waiting = threading.Thread(target=lambda: result.append(queue.receive(10, 20, stop)))
    waiting.start()
    assert begun.wait(30)
    stop.set()
    waiting.join(30)
    assert result == [[]]
    may_end.set()
    queue.close()
    assert client.entries(EXTEND) == [["r1", "r2"]]
    assert client.entries(EXTEND, "VisibilityTimeout") == [[0, 0]]
    assert client.is_closed

"""A long poll that a stop leaves behind: what it still receives is released."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

import pytest
from structlog.testing import capture_logs

from tests.unit.support.fakes import PATIENCE
from watcher.domain.errors import QueueError
from watcher.queues.sqs import long_poll
from watcher.queues.sqs.constants import POLLING
from watcher.queues.sqs.long_poll import LongPoll

NEVER, AT_ONCE = Event(), Event()
AT_ONCE.set()


@pytest.fixture(autouse=True)
def look_at_the_stop_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_poll, "POLLING", replace(POLLING, tick=0.001))


@contextmanager
def abandoned(gives_back: list[str], error: QueueError | None = None) -> Iterator[LongPoll[str]]:
    """A poll that a stop has left behind; it receives "a" at the end of the block."""
    gate = Event()

    def receive() -> str:
        assert gate.wait(PATIENCE)
        return "a"

    def give_back(received: str) -> None:
        gives_back.append(received)
        if error is not None:
            raise error

    poll = LongPoll(receive, give_back)
    assert poll.wait(AT_ONCE) is None
    yield poll
    gate.set()
    assert poll.join(PATIENCE)


def test_what_is_received_in_time_is_returned_and_not_given_back() -> None:
    gives_back: list[str] = []
    poll = LongPoll(lambda: "a", gives_back.append)
    assert poll.wait(NEVER) == "a"
    assert poll.join(PATIENCE)
    assert gives_back == []


def test_a_stop_does_not_throw_away_what_has_come() -> None:
    poll = LongPoll(lambda: "a", lambda _: None)
    assert poll.join(PATIENCE)
    assert poll.wait(AT_ONCE) == "a"


def test_an_error_is_raised_in_the_thread_that_waits() -> None:
    error = QueueError("denied")

    def fail() -> str:
        raise error

    with pytest.raises(QueueError) as caught:
        LongPoll(fail, lambda _: None).wait(NEVER)
    assert caught.value is error


def test_what_comes_after_a_stop_is_given_back_before_the_poll_is_over() -> None:
    gives_back: list[str] = []
    with abandoned(gives_back) as poll:
        assert not poll.join(0.0)
        assert gives_back == []
    assert gives_back == ["a"]


def test_what_can_not_be_given_back_is_logged() -> None:
    with capture_logs() as logs, abandoned([], QueueError("throttled")):
        pass
    assert logs == [
        {
            "event": "long_poll_release_failed",
            "error": "throttled",
            "consequence": "its leases expire",
            "log_level": "warning",
        }
    ]

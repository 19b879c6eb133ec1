import random
from collections import deque

import pytest

from tests.support import ManualClock
from watcher.queues.sqs.constants import PACING
from watcher.queues.sqs.receive_pacing import ReceivePacing

LIMIT = 10
CALL = 0.015


class Stream:
    """Messages that come at `rate` a second, steadily or by chance, after `backlog` that is there already."""

    def __init__(self, rate: float, chance: random.Random | None = None, backlog: int = 0) -> None:
        self.clock = ManualClock()
        self.pace = ReceivePacing(self.clock)
        self.received = 0
        self._rate = rate
        self._chance = chance
        self._due = deque([self.clock.monotonic()] * backlog)
        self._last = self.clock.monotonic()

    def receive(self) -> int:
        """One receive after its pause; it waits for a first message, as SQS does."""
        self.clock.advance(self.pace.pause)
        self._come()
        if self._due[0] > self.clock.monotonic():
            self.clock.advance(self._due[0] - self.clock.monotonic())
        count = 0
        while count < LIMIT and self._due[0] <= self.clock.monotonic():
            self._due.popleft()
            self._come()
            count += 1
        self.received += count
        self.clock.advance(CALL)
        self.pace.note(count, LIMIT)
        return count

    def _come(self) -> None:
        """Have the next one ready."""
        if not self._due:
            self._last += self._chance.expovariate(self._rate) if self._chance else 1 / self._rate
            self._due.append(self._last)


@pytest.mark.parametrize("rate", [25, 50, 100, 300])
def test_a_steady_stream_is_received_in_nearly_full_batches(rate: float) -> None:
    stream = Stream(rate)
    calls = [stream.receive() for _ in range(200)]
    assert stream.received / len(calls) > 8.5


@pytest.mark.parametrize("rate", [25, 50, 150])
def test_so_is_one_whose_messages_come_at_random(rate: float) -> None:
    stream = Stream(rate, random.Random(1))
    calls = [stream.receive() for _ in range(2000)]
    assert stream.received / len(calls) > 7.8


def test_a_pause_is_never_longer_than_half_a_second() -> None:
    stream = Stream(rate=8)
    for _ in range(50):
        stream.receive()
        assert stream.pace.pause <= PACING.longest


def test_a_lone_message_makes_no_pause() -> None:
    stream = Stream(rate=0.5)
    for _ in range(5):
        assert stream.receive() == 1
        assert stream.pace.pause == 0


def test_an_empty_receive_ends_the_pauses() -> None:
    stream = Stream(rate=50)
    stream.receive()
    assert stream.pace.pause > 0
    stream.clock.advance(2.0)
    stream.pace.note(0, LIMIT)
    assert stream.pace.pause == 0


def test_one_that_is_empty_at_once_is_followed_by_a_pause() -> None:
    stream = Stream(rate=50)
    for _ in range(3):
        stream.clock.advance(stream.pace.pause + 0.1)
        stream.pace.note(0, LIMIT)
        assert stream.pace.pause == pytest.approx(PACING.empty - 0.1)


def test_a_backlog_is_received_without_pauses() -> None:
    stream = Stream(rate=1, backlog=500)
    assert [stream.receive() for _ in range(50)] == [LIMIT] * 50
    assert stream.clock.monotonic() - 1000 == pytest.approx(50 * CALL)


def test_a_burst_in_a_steady_stream_costs_two_more_pauses_at_most() -> None:
    clock = ManualClock()
    pace = ReceivePacing(clock)
    clock.advance(0.2)
    pace.note(4, LIMIT)
    first = paused = pace.pause
    for _ in range(20):
        clock.advance(pace.pause + CALL)
        pace.note(LIMIT, LIMIT)
        paused += pace.pause
    assert paused < 3 * first
    assert pace.pause == 0

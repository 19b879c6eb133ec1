"""What time it is for SQS, and how old its messages are."""

from contextlib import closing
from threading import Event
from typing import Any

import pytest

from tests.support import START, ManualClock
from tests.unit.queues.sqs.fakes import URL, FakeClient, message
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.queue import SqsQueue
from watcher.queues.sqs.time import service_time

DATE = "Sun, 15 Jun 2025 15:06:40 GMT"
"""1,750,000,000, which is when the fake messages were sent."""


def answer(date: str | None) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPHeaders": {} if date is None else {"date": date}}}


@pytest.mark.parametrize(
    ("ours", "time"),
    [(0.0, 0.0), (0.7, 0.7), (2.0, 2.0), (-0.1, 0.0), (-200.0, 0.0), (3600.0, 2.0), (-3600.0, 0.0)],
)
def test_our_clock_counts_as_far_as_the_date_allows(ours: float, time: float) -> None:
    assert service_time(answer(DATE), 1_750_000_000.0 + ours) == 1_750_000_000.0 + time


@pytest.mark.parametrize("told", [answer(None), answer("soon"), {}, {"ResponseMetadata": {}}])
def test_without_a_date_our_clock_counts(told: dict[str, Any]) -> None:
    assert service_time(told, START) == START


@pytest.mark.parametrize("step", [-3600.0, -200.0, -60.0, 60.0, 200.0, 3600.0])
def test_a_step_of_our_clock_makes_no_message_older_or_younger(step: float) -> None:
    clock = ManualClock(1_750_000_001.0 + step)
    client = FakeClient(receive_message=[{"Messages": [message(1)], **answer("Sun, 15 Jun 2025 15:06:41 GMT")}])
    with closing(SqsQueue(SqsCaller(client, URL), 60, clock)) as queue:
        (delivery,) = queue.receive(1, 0, Event())
    assert delivery.sent_at == 1_750_000_000.0
    assert delivery.sent_monotonic is not None
    assert 1.0 <= clock.monotonic() - delivery.sent_monotonic <= 3.0

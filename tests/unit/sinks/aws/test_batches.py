from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import decision
from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED as TAKEN
from watcher.domain.event_result import EventResult, EventStatus, failed, not_attempted, rejected
from watcher.domain.model import DecisionEvent
from watcher.sinks.aws.batches import BatchSender, Entry
from watcher.sinks.aws.target import CallFailed

DELIVERED, FAILED, REJECTED, NOT_ATTEMPTED = EventStatus
TOO_LONG = CallFailed(rejected("too long", is_final=True))


class Service:
    """Takes what it isn't told to fail at; sizes are given by session."""

    def __init__(self, sizes: Mapping[DecisionEvent, int] | None = None) -> None:
        self.sizes = sizes or {}
        self.calls: list[list[DecisionEvent]] = []
        self.fails_at: set[DecisionEvent] = set()
        self.limit = 10 * BATCH_LIMITS.size
        self.down: list[Exception] = []
        self.batches = BatchSender(self.entry, self.call)

    def entry(self, event: DecisionEvent) -> Entry:
        return Entry({"event": event}, self.sizes.get(event, 100))

    def call(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        events = [entry["event"] for entry in entries]
        self.calls.append(events)
        if self.down:
            raise self.down.pop(0)
        if any(self.sizes.get(event, 100) > self.limit for event in events):
            raise TOO_LONG
        return [failed(f"no {place}") if event in self.fails_at else TAKEN for place, event in enumerate(events)]


EVENTS = [decision(number) for number in range(25)]


@given(st.lists(st.integers(0, BATCH_LIMITS.size * 2), max_size=40))
def test_every_event_goes_out_once_in_order_in_calls_that_fit(sizes: list[int]) -> None:
    events = [decision(number) for number in range(len(sizes))]
    service = Service(dict(zip(events, sizes, strict=True)))
    service.batches.send(events)
    assert [event for call in service.calls for event in call] == events
    for call in service.calls:
        assert len(call) <= BATCH_LIMITS.entries
        assert len(call) == 1 or sum(service.sizes[event] for event in call) <= BATCH_LIMITS.size


def statuses(service: Service, events: Sequence[DecisionEvent]) -> list[EventStatus]:
    return [result.status for result in service.batches.send(events)]


def failing_at(service: Service, number: int, *errors: Exception) -> Callable[..., Sequence[EventResult]]:
    """From that call on, so many fail."""

    def call(entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        if len(service.calls) == number:
            service.down = [*errors]
        return service.call(entries)

    return call


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([SinkError("down")], [NOT_ATTEMPTED] * 15),
        ([CallFailed(failed("down"))] * 2, [FAILED, *[NOT_ATTEMPTED] * 14]),
    ],
    ids=["the sink's fault", "perhaps the event's"],
)
def test_a_call_that_failed_ends_the_batch(errors: list[Exception], told: list[EventStatus]) -> None:
    service = Service()
    service.fails_at = {EVENTS[3]}
    service.batches = BatchSender(service.entry, failing_at(service, 1, *errors))
    results = service.batches.send(EVENTS)
    assert [result.status for result in results] == [DELIVERED] * 3 + [FAILED] + [DELIVERED] * 6 + told
    assert {result.reason for result in results[10:]} == {"down"}


def test_with_nothing_attempted_the_error_itself_is_raised() -> None:
    service = Service()
    service.down = [error := SinkError("no credentials", 7.0)]
    with pytest.raises(SinkError) as caught:
        service.batches.send(EVENTS)
    assert caught.value is error
    assert service.calls == [EVENTS[:10]]


def test_entries_that_are_all_turned_away_for_the_sinks_sake_are_no_results() -> None:
    batches = BatchSender(Service().entry, lambda entries: [not_attempted("throttled")] * len(entries))
    with pytest.raises(SinkError, match="throttled"):
        batches.send(EVENTS)


def test_a_call_that_fails_for_one_of_its_events_says_so_of_that_one_alone() -> None:
    service = Service()
    service.batches = BatchSender(service.entry, unable_to_serve(service, EVENTS[2]))
    assert statuses(service, EVENTS[:5]) == [DELIVERED, DELIVERED, FAILED, NOT_ATTEMPTED, NOT_ATTEMPTED]
    assert service.calls == [EVENTS[:5], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def unable_to_serve(service: Service, event: DecisionEvent) -> Callable[..., Sequence[EventResult]]:
    def call(entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        results = service.call(entries)
        if any(entry["event"] == event for entry in entries):
            raise CallFailed(failed("500"))
        return results

    return call


def test_a_call_that_failed_once_is_made_again_for_each_of_its_events() -> None:
    service = Service()
    service.down = [CallFailed(failed("500"))]
    assert statuses(service, EVENTS[:3]) == [DELIVERED] * 3
    assert service.calls == [EVENTS[:3], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_what_failed_is_told_by_its_place() -> None:
    service = Service()
    service.fails_at = {EVENTS[3], EVENTS[12]}
    results = service.batches.send(EVENTS)
    assert {place: result.reason for place, result in enumerate(results) if result != TAKEN} == {
        3: "no 3",
        12: "no 2",
    }


def test_a_batch_that_was_taken_is_sent_again_when_it_is_handed_over_again() -> None:
    service = Service()
    for _ in range(2):
        service.batches.send(EVENTS[:2])
    assert service.calls == [EVENTS[:2], EVENTS[:2]]


def test_only_an_event_that_is_too_large_may_fail_a_call_without_holding_up_the_rest() -> None:
    service = Service({EVENTS[0]: BATCH_LIMITS.size + 1})
    service.down = [CallFailed(failed("too large"))]
    assert statuses(service, EVENTS[:3]) == [FAILED, DELIVERED, DELIVERED]
    assert service.calls == [EVENTS[:1], EVENTS[1:3]]


def rejections(service: Service, events: Sequence[DecisionEvent]) -> dict[int, str]:
    """By place, why these were rejected."""
    found = {n: each for n, each in enumerate(service.batches.send(events)) if each.status is REJECTED}
    assert all(result.is_final for result in found.values())
    return {place: result.reason for place, result in found.items()}


def test_a_call_that_is_rejected_for_the_size_of_an_entry_is_made_again_for_each() -> None:
    service = Service({EVENTS[1]: 2000})
    service.limit = 1024
    assert rejections(service, EVENTS[:3]) == {1: "an entry of 2000 bytes: too long"}
    assert service.calls == [EVENTS[:3], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_an_event_over_the_usual_limit_is_tried_once_and_told_with_its_size_and_the_limit() -> None:
    service = Service({EVENTS[1]: BATCH_LIMITS.size + 900})
    service.limit = BATCH_LIMITS.size
    why = "an entry of 263044 bytes, more than the usual 262144: too long"
    assert rejections(service, EVENTS[:3]) == {1: why}
    assert service.calls == [EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_a_target_that_is_set_to_take_more_gets_more() -> None:
    service = Service({EVENTS[1]: BATCH_LIMITS.size + 900})
    assert statuses(service, EVENTS[:3]) == [DELIVERED] * 3


def test_a_target_that_goes_down_between_single_calls_is_not_sent_twice_what_it_has() -> None:
    service = Service({EVENTS[1]: 2000})
    service.limit = 1024
    service.batches = BatchSender(service.entry, failing_at(service, 3, SinkError("down")))
    assert statuses(service, EVENTS[:4]) == [DELIVERED, REJECTED, NOT_ATTEMPTED, NOT_ATTEMPTED]
    assert service.calls == [EVENTS[:4], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_what_was_rejected_is_told_although_a_later_call_failed() -> None:
    service = Service({EVENTS[0]: BATCH_LIMITS.size + 1})
    service.limit = BATCH_LIMITS.size
    service.batches = BatchSender(service.entry, failing_at(service, 1, SinkError("down")))
    assert statuses(service, EVENTS[:3]) == [REJECTED, NOT_ATTEMPTED, NOT_ATTEMPTED]

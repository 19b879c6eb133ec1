from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import decision
from watcher.errors import Refusal, SinkError
from watcher.model import DecisionEvent
from watcher.sinks.batches import MAX_BYTES, MAX_ENTRIES, Batches, Entry


class Service:
    """Takes what it isn't told to refuse; sizes are given by session."""

    def __init__(self, sizes: Mapping[DecisionEvent, int] | None = None) -> None:
        self.sizes = sizes or {}
        self.calls: list[list[DecisionEvent]] = []
        self.refuses: set[DecisionEvent] = set()
        self.limit = 10 * MAX_BYTES
        self.down: list[SinkError] = []
        self.batches = Batches(self._entry, self._call)

    def _entry(self, event: DecisionEvent) -> Entry:
        return Entry({"event": event}, self.sizes.get(event, 100))

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        events = [entry["event"] for entry in entries]
        self.calls.append(events)
        if self.down:
            raise self.down.pop(0)
        if any(self.sizes.get(event, 100) > self.limit for event in events):
            raise SinkError("too long", refused={0: Refusal("too long", is_certain=True)})
        return {place: f"no {place}" for place, event in enumerate(events) if event in self.refuses}


EVENTS = [decision(number) for number in range(25)]


@given(st.lists(st.integers(0, MAX_BYTES * 2), max_size=40))
def test_every_event_goes_out_once_in_order_in_calls_that_fit(sizes: list[int]) -> None:
    events = [decision(number) for number in range(len(sizes))]
    service = Service(dict(zip(events, sizes, strict=True)))
    service.batches.send(events)
    assert [event for call in service.calls for event in call] == events
    for call in service.calls:
        assert len(call) <= MAX_ENTRIES
        assert len(call) == 1 or sum(service.sizes[event] for event in call) <= MAX_BYTES


def untaken_of(service: Service, events: Sequence[DecisionEvent], words: str) -> object:
    with pytest.raises(SinkError, match=words) as caught:
        service.batches.send(events)
    return caught.value.untaken


def test_a_call_that_failed_leaves_what_came_after_it_untaken_too() -> None:
    service = Service()
    service.refuses = {EVENTS[3]}
    service.batches = Batches(service._entry, failing_at(service, 1, SinkError("down", 7.0)))
    with pytest.raises(SinkError, match="down") as caught:
        service.batches.send(EVENTS)
    assert caught.value.untaken == {3, *range(10, 25)}
    assert set(caught.value.untried) == set(range(11, 25))
    assert service.calls[1:] == [EVENTS[10:20], EVENTS[10:11]]
    assert caught.value.retry_after == 7.0


def test_a_call_that_fails_for_one_of_its_events_says_so_of_that_one_alone() -> None:
    service = Service()
    service.batches = Batches(service._entry, unable_to_serve(service, EVENTS[2]))
    with pytest.raises(SinkError, match="500") as caught:
        service.batches.send(EVENTS[:5])
    assert (caught.value.untaken, list(caught.value.untried)) == ({2, 3, 4}, [3, 4])
    assert service.calls == [EVENTS[:5], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def unable_to_serve(service: Service, event: DecisionEvent) -> Callable[..., Mapping[int, str]]:
    def call(entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        left = service._call(entries)
        if any(entry["event"] == event for entry in entries):
            raise SinkError("500")
        return left

    return call


def test_a_call_that_failed_once_is_made_again_for_each_of_its_events() -> None:
    service = Service()
    service.down = [SinkError("throttled")]
    service.batches.send(EVENTS[:3])
    assert service.calls == [EVENTS[:3], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def failing_at(service: Service, number: int, error: SinkError) -> Callable[..., Mapping[int, str]]:
    def call(entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        if len(service.calls) == number:
            service.down = [error, error]
        return service._call(entries)

    return call


def test_what_was_refused_is_told_by_its_place() -> None:
    service = Service()
    service.refuses = {EVENTS[3], EVENTS[12]}
    assert untaken_of(service, EVENTS, "2 of 25 events not taken: no 3") == {3, 12}
    assert untaken_of(service, EVENTS[12:13], "1 of 1 events not taken: no 0") == {0}


def test_a_batch_that_was_taken_is_sent_again_when_it_is_handed_over_again() -> None:
    service = Service()
    for _ in range(2):
        service.batches.send(EVENTS[:2])
    assert service.calls == [EVENTS[:2], EVENTS[:2]]


def test_only_an_event_that_is_too_large_may_fail_a_call_without_holding_up_the_rest() -> None:
    service = Service({EVENTS[0]: MAX_BYTES + 1})
    service.down = [SinkError("too large")]
    assert untaken_of(service, EVENTS[:3], "1 of 3 events not taken: too large") == {0}
    assert service.calls == [EVENTS[:1], EVENTS[1:3]]


def refused_of(service: Service, events: Sequence[DecisionEvent]) -> tuple[set[int], dict[int, str]]:
    with pytest.raises(SinkError) as caught:
        service.batches.send(events)
    assert all(refusal.is_certain for refusal in caught.value.refused.values())
    whys = {place: refusal.why for place, refusal in caught.value.refused.items()}
    return set(caught.value.untaken or ()), whys


def test_a_call_that_is_refused_for_the_size_of_an_entry_is_made_again_for_each() -> None:
    service = Service({EVENTS[1]: 2000})
    service.limit = 1024
    assert refused_of(service, EVENTS[:3]) == ({1}, {1: "an entry of 2000 bytes: too long"})
    assert service.calls == [EVENTS[:3], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_an_event_over_the_usual_limit_is_tried_once_and_told_with_its_size_and_the_limit() -> None:
    service = Service({EVENTS[1]: MAX_BYTES + 900})
    service.limit = MAX_BYTES
    why = "an entry of 263044 bytes, more than the usual 262144: too long"
    assert refused_of(service, EVENTS[:3]) == ({1}, {1: why})
    assert service.calls == [EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_a_target_that_is_set_to_take_more_gets_more() -> None:
    service = Service({EVENTS[1]: MAX_BYTES + 900})
    service.batches.send(EVENTS[:3])


def test_a_target_that_goes_down_between_single_calls_is_not_sent_twice_what_it_has() -> None:
    service = Service({EVENTS[1]: 2000})
    service.limit = 1024
    service.batches = Batches(service._entry, failing_at(service, 3, SinkError("down")))
    assert refused_of(service, EVENTS[:4]) == ({1, 2, 3}, {1: "an entry of 2000 bytes: too long"})
    assert service.calls == [EVENTS[:4], EVENTS[:1], EVENTS[1:2], EVENTS[2:3]]


def test_what_was_refused_is_told_although_a_later_call_failed() -> None:
    service = Service({EVENTS[0]: MAX_BYTES + 1})
    service.limit = MAX_BYTES
    service.batches = Batches(service._entry, failing_at(service, 1, SinkError("down")))
    untaken, refused = refused_of(service, EVENTS[:3])
    assert (untaken, set(refused)) == ({0, 1, 2}, {0})

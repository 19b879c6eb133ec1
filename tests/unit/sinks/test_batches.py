from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import decision
from watcher.errors import SinkError
from watcher.model import DecisionEvent
from watcher.sinks.batches import MAX_BYTES, MAX_ENTRIES, Batches, Entry


class Service:
    """Takes what it isn't told to refuse; sizes are given by session."""

    def __init__(self, sizes: Mapping[DecisionEvent, int] | None = None) -> None:
        self.sizes = sizes or {}
        self.calls: list[list[DecisionEvent]] = []
        self.refuses: set[DecisionEvent] = set()
        self.down: list[SinkError] = []
        self.batches = Batches(self._entry, self._call)

    def _entry(self, event: DecisionEvent) -> Entry:
        return Entry({"event": event}, self.sizes.get(event, 100))

    def _call(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[int, str]:
        events = [entry["event"] for entry in entries]
        self.calls.append(events)
        if self.down:
            raise self.down.pop(0)
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


def test_after_a_call_that_failed_the_batch_goes_on_where_it_ended() -> None:
    service = Service()
    service.batches.send(EVENTS[:3])
    service.calls.clear()
    service.down = [SinkError("down")]
    with pytest.raises(SinkError, match="down"):
        service.batches.send(EVENTS)
    service.batches.send(EVENTS)
    assert service.calls == [EVENTS[:10], EVENTS[:10], EVENTS[10:20], EVENTS[20:]]


def test_what_was_refused_is_told_and_alone_sent_again() -> None:
    service = Service()
    service.refuses = {EVENTS[3], EVENTS[12]}
    with pytest.raises(SinkError, match="2 of 25 events not taken: no 3"):
        service.batches.send(EVENTS)
    service.refuses = {EVENTS[12]}
    with pytest.raises(SinkError, match="1 of 25"):
        service.batches.send(EVENTS)
    service.refuses = set()
    service.batches.send(EVENTS)
    assert service.calls[3:] == [[EVENTS[3], EVENTS[12]], [EVENTS[12]]]


def test_another_batch_begins_anew() -> None:
    service = Service()
    service.refuses = {EVENTS[1]}
    with pytest.raises(SinkError):
        service.batches.send(EVENTS[:2])
    service.refuses = set()
    service.batches.send(EVENTS[:3])
    assert service.calls[-1] == EVENTS[:3]


def test_a_batch_that_was_taken_is_sent_again_when_it_is_handed_over_again() -> None:
    service = Service()
    for _ in range(2):
        service.batches.send(EVENTS[:2])
    assert service.calls == [EVENTS[:2], EVENTS[:2]]


def test_only_an_event_that_is_too_large_may_fail_a_call_without_holding_up_the_rest() -> None:
    service = Service({EVENTS[0]: MAX_BYTES + 1})
    service.down = [SinkError("too large")]
    with pytest.raises(SinkError, match="1 of 3 events not taken: too large"):
        service.batches.send(EVENTS[:3])
    assert service.calls == [EVENTS[:1], EVENTS[1:3]]

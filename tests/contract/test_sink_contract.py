"""What every sink has to do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.contract.sink_backends import NAME, SINK_BACKENDS, SinkBackend, open_backend
from tests.support import decision
from watcher.config.sinks import SINK_MODELS
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventStatus
from watcher.domain.model import DecisionEvent
from watcher.domain.ports import Sink
from watcher.sinks import SINKS

EVENTS = [decision(number) for number in range(23)]
BODIES = [event.body for event in EVENTS]


@pytest.fixture(params=SINK_BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SinkBackend]:
    with open_backend(request.param, tmp_path, request) as opened:
        yield opened


def test_every_sink_of_the_settings_is_here() -> None:
    assert set(SINK_BACKENDS) == set(SINKS) == set(SINK_MODELS)


def test_a_sink_has_the_name_of_its_settings(backend: SinkBackend) -> None:
    assert backend.sink.name == NAME


def test_every_event_arrives_whole_and_in_order_and_has_its_result(backend: SinkBackend) -> None:
    assert list(backend.sink.emit(EVENTS[:1])) == [DELIVERED]
    assert list(backend.sink.emit(EVENTS[1:])) == [DELIVERED] * (len(EVENTS) - 1)
    assert backend.bodies() == BODIES


def test_nothing_to_hand_over_is_no_mistake(backend: SinkBackend) -> None:
    assert list(backend.sink.emit([])) == []
    assert backend.bodies() == []


def test_text_of_all_languages_and_line_ends_in_it_arrive_unchanged(backend: SinkBackend) -> None:
    members = json.loads(BODIES[0])
    members["data"]["context"] = {"name": "Ünï 💡", "lines": 'a\nb\r\n\u2028"\\', "empty": {}}
    event = DecisionEvent(EVENTS[0].key, json.dumps(members, separators=(",", ":")))
    backend.sink.emit([event])
    assert backend.bodies() == [event.body]


def attempt(sink: Sink, events: Sequence[DecisionEvent]) -> tuple[list[EventStatus], list[str]]:
    """The status of each event, and what is told: an error of the whole sink says of none that it was attempted."""
    try:
        results = sink.emit(events)
    except SinkError as error:
        return [EventStatus.NOT_ATTEMPTED] * len(events), [str(error)]
    return [result.status for result in results], [result.reason for result in results]


def test_a_target_that_is_down_delivers_nothing_and_rejects_nothing(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.break_down()
    for _ in range(2):
        statuses, told = attempt(backend.sink, EVENTS[1:])
        assert len(statuses) == len(EVENTS) - 1
        assert set(statuses) <= {EventStatus.FAILED, EventStatus.NOT_ATTEMPTED}
        assert all(told)
        assert not any("\n" in line for line in told)


def test_after_a_failure_the_same_batch_goes_through(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.break_down()
    attempt(backend.sink, EVENTS[1:])
    backend.repair()
    assert set(attempt(backend.sink, EVENTS[1:])[0]) == {EventStatus.DELIVERED}
    assert backend.bodies() == BODIES


def test_the_same_event_handed_over_anew_is_sent_anew(backend: SinkBackend) -> None:
    for _ in range(2):
        backend.sink.emit(EVENTS[:2])
    assert backend.bodies() == BODIES[:2] * 2


def test_closing_twice_is_no_mistake(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.sink.close()
    backend.sink.close()

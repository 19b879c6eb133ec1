"""What every sink has to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sink_backends import NAME, SINK_BACKENDS, SinkBackend, open_backend
from tests.support import decision
from watcher.config.sinks import SINK_MODELS
from watcher.errors import SinkError
from watcher.model import DecisionEvent
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


def test_every_event_arrives_whole_and_in_order(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.sink.emit(EVENTS[1:])
    assert backend.bodies() == BODIES


def test_nothing_to_hand_over_is_no_mistake(backend: SinkBackend) -> None:
    backend.sink.emit([])
    assert backend.bodies() == []


def test_text_of_all_languages_and_line_ends_in_it_arrive_unchanged(backend: SinkBackend) -> None:
    members = json.loads(BODIES[0])
    members["data"]["context"] = {"name": "Ünï 💡", "lines": 'a\nb\r\n\u2028"\\', "empty": {}}
    event = DecisionEvent(EVENTS[0].key, json.dumps(members, separators=(",", ":")))
    backend.sink.emit([event])
    assert backend.bodies() == [event.body]


def test_a_target_that_is_down_is_an_error_to_try_again(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.break_down()
    for _ in range(2):
        with pytest.raises(SinkError) as caught:
            backend.sink.emit(EVENTS[1:])
        assert str(caught.value)
        assert "\n" not in str(caught.value)
        places = set(range(len(EVENTS) - 1))
        assert caught.value.untaken is None or set(caught.value.untaken) == places
        assert set(caught.value.untried) < places


def test_after_a_failure_the_same_batch_goes_through(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.break_down()
    with pytest.raises(SinkError):
        backend.sink.emit(EVENTS[1:])
    backend.mend()
    backend.sink.emit(EVENTS[1:])
    assert backend.bodies() == BODIES


def test_the_same_event_handed_over_anew_is_sent_anew(backend: SinkBackend) -> None:
    for _ in range(2):
        backend.sink.emit(EVENTS[:2])
    assert backend.bodies() == BODIES[:2] * 2


def test_closing_twice_is_no_mistake(backend: SinkBackend) -> None:
    backend.sink.emit(EVENTS[:1])
    backend.sink.close()
    backend.sink.close()

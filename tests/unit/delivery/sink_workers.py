"""A lane by itself, over a sink that refuses what it is told to."""

from collections.abc import Callable, Sequence
from itertools import count

import pytest

from tests.support import ManualClock, SteppingEvent, decision
from tests.unit.builders import a_beat, a_watch, value
from watcher.delivery.batch_processor import Patience
from watcher.delivery.pending import Parcel, Suspects
from watcher.delivery.sink_worker import Lane
from watcher.errors import SinkError
from watcher.health import Readiness
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.watch import Watch

Answer = Callable[[Sequence[DecisionEvent]], None]


class Recipient:
    """A sink that does with each batch what `answers` say, then takes all."""

    name = "s"
    max_batch = 4

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.always: Answer = lambda _: None
        self.batches: list[list[DecisionEvent]] = []

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        self.batches.append(list(events))
        (self.answers.pop(0) if self.answers else self.always)(events)

    def close(self) -> None:
        """Nothing to close."""


def down(_: Sequence[DecisionEvent]) -> None:
    raise SinkError("down")


def refusing(*places: int) -> Answer:
    def answer(_: Sequence[DecisionEvent]) -> None:
        raise SinkError("not these", untaken=places)

    return answer


class Rig:
    """A lane whose waits let the clock run."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.halt = SteppingEvent(self.clock)
        self.sink = Recipient()
        self.metrics = Metrics(sinks=["s"])
        self.readiness = Readiness()
        self.taken: list[str] = []
        self.expected = 0
        self.given_up: dict[str, str] = {}
        self.lane = Lane(
            self.sink,
            arrived=self.arrived,
            given_up=self.gave_up,
            clock=self.clock,
            metrics=self.metrics,
            readiness=self.readiness,
        )
        self.lane._halt = self.halt
        self.watches = {number: a_watch(number, self.clock) for number in range(30)}

    def arrived(self, sink: str, watches: Sequence[Watch], _: Patience) -> None:
        assert sink == "s"
        self.taken += [watch.key.session_id for watch in watches]
        if len(self.taken) == self.expected:
            self.lane.close()

    def gave_up(self, sink: str, watch: Watch, why: str) -> None:
        assert sink == "s"
        self.given_up[watch.session_id] = why
        if not self.expected:
            self.lane.close()

    def deliver(self, *numbers: int, expected: int | None = None) -> None:
        """Put these and let the lane run until all, or as many as expected, are taken."""
        for number in numbers:
            self.lane.put(Parcel(self.watches[number], decision(number)))
        self.expected = len(numbers) if expected is None else expected
        self.run()

    def run(self) -> None:
        self.lane.run(a_beat(self.clock))

    def ids(self, *numbers: int) -> list[str]:
        return [self.watches[number].key.session_id for number in numbers]

    def count(self, result: str) -> float | None:
        return value(self.metrics, "watcher_sink_deliveries_total", sink="s", result=result)

    @property
    def is_open(self) -> bool:
        return value(self.metrics, "watcher_sink_circuit_open", sink="s") == 1.0


def never_taking(number: int) -> Answer:
    """As a webhook with one connection fails: what comes after a failure is not begun."""

    def answer(events: Sequence[DecisionEvent]) -> None:
        if decision(number) in events:
            place = list(events).index(decision(number))
            raise SinkError("500", untaken=range(place, len(events)), untried=range(place + 1, len(events)))

    return answer


def while_others_come(rig: Rig, answer: Answer) -> Answer:
    """Does as `answer` does, and another decision comes with each try of the one with number 0."""
    numbers = count(1000)

    def also(events: Sequence[DecisionEvent]) -> None:
        if decision(0) in events:
            number = next(numbers)
            rig.lane.put(Parcel(a_watch(number, rig.clock), decision(number)))
        answer(events)

    return also


def parcel_of(rig: Rig, number: int) -> Parcel:
    return Parcel(rig.watches[number], decision(number))


def skip_rests(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a suspect's rest: the clock runs instead, unless there is something to do."""
    until_due = Suspects.until_due

    def rest(suspects: Suspects, now: float) -> float | None:
        seconds = until_due(suspects, now)
        rig.clock.advance((seconds or 0.0) if rig.lane._inbox.empty() else 0.0)
        return None if seconds is None else 0.0

    monkeypatch.setattr(Suspects, "until_due", rest)

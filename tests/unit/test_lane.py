"""A lane by itself, over a sink that refuses what it is told to."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock, SteppingEvent, decision
from tests.unit.builders import a_beat, a_watch, value
from watcher.circuit import FAILURES, SHORTEST_REST
from watcher.errors import LedgerError, SinkError, SinkGone
from watcher.health import Readiness
from watcher.lane import Lane
from watcher.metrics import Metrics
from watcher.model import DecisionEvent
from watcher.parcels import Parcel, Suspects
from watcher.stage import Patience
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
        self.lane = Lane(
            self.sink, arrived=self.arrived, clock=self.clock, metrics=self.metrics, readiness=self.readiness
        )
        self.lane._halt = self.halt
        self.watches = {number: a_watch(number, self.clock) for number in range(30)}

    def arrived(self, sink: str, watches: Sequence[Watch], _: Patience) -> None:
        assert sink == "s"
        self.taken += [watch.key.session_id for watch in watches]
        if len(self.taken) == self.expected:
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


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_waits_goes_out_in_batches_and_in_order(rig: Rig) -> None:
    rig.deliver(*range(10))
    assert [len(batch) for batch in rig.sink.batches] == [4, 4, 2]
    assert rig.taken == rig.ids(*range(10))
    assert (rig.count("ok"), rig.count("failed")) == (10, 0)


def test_only_what_was_refused_goes_out_again_behind_the_rest(rig: Rig) -> None:
    rig.sink.answers = [refusing(1, 3)]
    with capture_logs() as logs:
        rig.deliver(*range(6))
    assert rig.sink.batches == [[decision(n) for n in batch] for batch in ([0, 1, 2, 3], [4, 5, 3, 1])]
    assert rig.taken == rig.ids(0, 2, 4, 5, 3, 1)
    assert (rig.count("ok"), rig.count("failed")) == (6, 2)
    assert [entry["session_ids"] for entry in logs if entry["event"] == "not_all_taken"] == [rig.ids(3, 1)]


def never_taking(number: int) -> Answer:
    """As a webhook with one connection does: what comes after a failure is not begun."""

    def answer(events: Sequence[DecisionEvent]) -> None:
        if decision(number) in events:
            place = list(events).index(decision(number))
            raise SinkError("422", untaken=range(place, len(events)))

    return answer


def test_one_event_that_is_never_taken_costs_the_others_nothing(rig: Rig) -> None:
    rig.sink.always = never_taking(0)
    begun = rig.clock.monotonic()
    with capture_logs() as logs:
        rig.deliver(*range(10), expected=9)
    assert sorted(rig.taken) == sorted(rig.ids(*range(1, 10)))
    assert rig.clock.monotonic() - begun < 1.0
    assert not rig.is_open
    (refused,) = [entry for entry in logs if entry["event"] == "event_refused"]
    assert (refused["session_id"], refused["error"]) == (rig.ids(0)[0], "422")


def test_a_suspect_is_tried_apart_until_it_is_taken_and_its_failures_open_no_circuit(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_due = Suspects.until_due

    def rest(suspects: Suspects, now: float) -> float | None:
        """Nobody waits for the rest: the clock runs instead."""
        seconds = until_due(suspects, now)
        rig.clock.advance(seconds or 0.0)
        return None if seconds is None else 0.0

    monkeypatch.setattr(Suspects, "until_due", rest)
    tries: list[float] = []

    def at_last(events: Sequence[DecisionEvent]) -> None:
        if decision(0) in events:
            tries.append(rig.clock.monotonic())
            if len(tries) < FAILURES + 3:
                never_taking(0)(events)

    rig.sink.always = at_last
    rig.deliver(*range(3))
    assert len(tries) == FAILURES + 3
    assert [later - sooner for sooner, later in pairwise(tries[1:6])] == [1.0, 2.0, 4.0, 8.0]
    assert rig.taken[-1:] == rig.ids(0)
    assert rig.readiness.problems() == {}


def test_an_event_that_opened_the_circuit_by_itself_is_found_out_by_the_next_one(rig: Rig) -> None:
    def another_comes(events: Sequence[DecisionEvent]) -> None:
        rig.lane.put(parcel_of(rig, 1))
        down(events)

    rig.sink.answers = [*[down] * FAILURES, another_comes]
    rig.sink.always = never_taking(0)
    with capture_logs() as logs:
        rig.deliver(0, expected=1)
    assert rig.taken == rig.ids(1)
    assert (rig.is_open, rig.readiness.problems()) == (False, {})
    told = [entry["event"] for entry in logs if entry["log_level"] != "warning"]
    assert told[:2] == ["circuit_opened", "circuit_closed"]


def parcel_of(rig: Rig, number: int) -> Parcel:
    return Parcel(rig.watches[number], decision(number))


def test_a_sink_that_stays_down_opens_the_circuit_and_then_gets_single_events(rig: Rig) -> None:
    rig.sink.answers = [down] * (FAILURES + 3)
    seen: list[tuple[bool, dict[str, str]]] = []
    rig.sink.always = lambda _: seen.append((rig.is_open, rig.readiness.problems()))
    with capture_logs() as logs:
        rig.deliver(*range(6))
    assert [len(batch) for batch in rig.sink.batches] == [*[4] * FAILURES, 1, 1, 1, 1, 4, 1]
    assert min(rig.halt.waits[FAILURES - 1 : FAILURES + 3]) >= SHORTEST_REST
    assert seen[0] == (True, {"sink s": "circuit open, 6 decisions wait: down"})
    assert seen[1] == (False, {})
    assert sorted(rig.taken) == sorted(rig.ids(*range(6)))
    told = [entry["event"] for entry in logs if entry["log_level"] != "warning"]
    assert told == ["circuit_opened", "circuit_closed"]


def test_a_few_failures_leave_the_watcher_ready(rig: Rig) -> None:
    rig.sink.answers = [down] * (FAILURES - 1)
    problems: list[dict[str, str]] = []
    rig.sink.always = lambda _: problems.append(rig.readiness.problems())
    with capture_logs() as logs:
        rig.deliver(0)
    assert problems == [{}]
    assert [entry["event"] for entry in logs] == ["sink_failed"] * (FAILURES - 1)


def test_each_trial_is_with_another_event(rig: Rig) -> None:
    rig.sink.answers = [down] * (FAILURES + 3)
    rig.deliver(*range(3))
    trials = [batch[0] for batch in rig.sink.batches[FAILURES : FAILURES + 3]]
    assert len(set(trials)) == 3


def test_what_comes_in_while_the_sink_is_down_joins_the_next_try(rig: Rig) -> None:
    def another_comes(events: Sequence[DecisionEvent]) -> None:
        rig.lane.put(Parcel(rig.watches[2], decision(2)))
        down(events)

    rig.sink.answers = [another_comes]
    rig.lane.put(Parcel(rig.watches[1], decision(1)))
    rig.sink.always = lambda _: rig.lane.close()
    rig.run()
    assert [len(batch) for batch in rig.sink.batches] == [1, 2]


def test_what_is_in_flight_no_more_does_not_pile_up_while_the_sink_is_down(rig: Rig) -> None:
    """Its message comes again, and brings a parcel of its own each time."""

    def lose(events: Sequence[DecisionEvent]) -> None:
        for number in (1, 2, 3):
            rig.watches[number].abandoned = True
        down(events)

    rig.sink.answers = [*[down] * FAILURES, lose]
    for number in range(5):
        rig.lane.put(Parcel(rig.watches[number], decision(number)))
    rig.expected = 2
    rig.run()
    assert sorted(rig.taken) == sorted(rig.ids(0, 4))
    assert rig.readiness.problems() == {}


def test_with_nothing_left_to_try_the_sink_is_left_alone(rig: Rig) -> None:
    assert list(rig.lane._try()) == []
    assert rig.sink.batches == []


def test_a_halt_leaves_what_was_not_taken(rig: Rig) -> None:
    def stop(events: Sequence[DecisionEvent]) -> None:
        rig.lane.halt()
        down(events)

    rig.sink.answers = [stop]
    rig.deliver(1, 2)
    assert (len(rig.sink.batches), rig.taken) == (1, [])


def test_a_stop_does_not_wait_for_a_sink_that_is_down(rig: Rig) -> None:
    """The circuit opens in the drain; what was not taken goes back to the queue."""
    rig.sink.always = down
    for number in (1, 2):
        rig.lane.put(Parcel(rig.watches[number], decision(number)))
    rig.lane.close()
    rig.run()
    assert [len(batch) for batch in rig.sink.batches] == [2] * FAILURES
    assert rig.taken == []


def test_a_stop_interrupts_the_rest_of_an_open_circuit_for_a_last_try(rig: Rig) -> None:
    def close(events: Sequence[DecisionEvent]) -> None:
        rig.lane.close()
        down(events)

    rig.sink.answers = [*[down] * FAILURES, close]
    rig.lane.put(Parcel(rig.watches[1], decision(1)))
    rig.run()
    assert len(rig.sink.batches) == FAILURES + 1


def test_a_ledger_that_is_down_at_the_halt_ends_the_lane(rig: Rig) -> None:
    def failing(*_: object) -> None:
        raise LedgerError("down")

    lane = Lane(rig.sink, arrived=failing, clock=rig.clock, metrics=rig.metrics, readiness=rig.readiness)
    lane.put(Parcel(rig.watches[1], decision(1)))
    lane.run(a_beat(rig.clock))
    assert len(rig.sink.batches) == 1


def test_a_sink_that_is_gone_is_no_failure_to_try_again(rig: Rig) -> None:
    def gone(_: Sequence[DecisionEvent]) -> None:
        raise SinkGone("closed")

    rig.sink.answers = [gone]
    with pytest.raises(SinkGone):
        rig.deliver(1, 2)
    assert (rig.count("ok"), rig.count("failed"), rig.is_open) == (0, 2, False)


def test_a_lane_that_waits_for_work_rests(rig: Rig) -> None:
    beat = a_beat(rig.clock)
    silences: list[float] = []

    def slow(_: Sequence[DecisionEvent]) -> None:
        rig.clock.advance(7.0)
        silences.append(beat.silence())

    rig.sink.always = slow
    rig.lane.put(Parcel(rig.watches[1], decision(1)))
    rig.lane.close()
    rig.lane.run(beat)
    assert silences == [7.0]
    assert beat.silence() == 0.0

"""A lane over a sink that is down, or that did not take all of a batch."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from tests.support import decision
from tests.unit.builders import a_beat
from tests.unit.delivery.sink_workers import Rig, down, never_taking, parcel_of, refusing
from watcher.delivery.circuit_breaker import FAILURES, PATIENCE, SHORTEST_REST
from watcher.delivery.pending import Parcel
from watcher.delivery.sink_worker import Lane
from watcher.errors import LedgerError, SinkGone
from watcher.model import DecisionEvent


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
    assert rig.sink.batches == [[decision(n) for n in batch] for batch in ([0, 1, 2, 3], [4, 5, 1, 3])]
    assert rig.taken == rig.ids(0, 2, 4, 5, 1, 3)
    assert (rig.count("ok"), rig.count("failed")) == (6, 2)
    assert [entry["session_ids"] for entry in logs if entry["event"] == "not_all_taken"] == [rig.ids(1, 3)]


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

    lane = Lane(
        rig.sink,
        arrived=failing,
        given_up=rig.gave_up,
        clock=rig.clock,
        metrics=rig.metrics,
        readiness=rig.readiness,
    )
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


def test_a_sink_that_never_answers_is_down_after_the_first_try_that_took_so_long(rig: Rig) -> None:
    problems: list[str] = []

    def hang(events: Sequence[DecisionEvent]) -> None:
        rig.clock.advance(PATIENCE)
        down(events)

    def take(_: Sequence[DecisionEvent]) -> None:
        problems.extend(rig.readiness.problems())

    rig.sink.answers = [hang, take]
    rig.deliver(1)
    assert problems == ["sink s"]

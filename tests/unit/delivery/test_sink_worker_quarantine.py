"""Decisions that were set apart, beside busy traffic and in an outage of their sink; and those not even tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support import decision
from tests.unit.delivery.sink_workers import Answer, Rig, all_delivered, pending_of
from tests.unit.support.builders import a_session
from watcher.delivery.circuit_breaker import FAILURES, LONGEST_WAIT
from watcher.delivery.pending import PendingDelivery
from watcher.delivery.quarantine import REJECTIONS, SHARE
from watcher.domain.errors import SinkError
from watcher.domain.event_result import DELIVERED, EventResult, failed, not_attempted, rejected
from watcher.domain.model import DecisionEvent
from watcher.sinks.aws.batches import BatchSender, Entry
from watcher.sinks.aws.target import CallFailed

CALL = 0.5
"""Seconds that the sink takes for a batch."""


@pytest.fixture
def rig() -> Rig:
    return Rig()


class Busy:
    """A sink with more to do than it can: each batch takes its time, and as many decisions come meanwhile."""

    def __init__(self, rig: Rig, answer: Answer, batches: int) -> None:
        self._rig = rig
        self._answer = answer
        self._left = batches
        self._next = 1000

    def __call__(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        self._rig.clock.advance(CALL)
        self._left -= 1
        if self._left == 0:
            self._rig.worker.close()
        elif self._left > 0:
            for _ in range(self._rig.sink.max_batch):
                self._rig.worker.put(PendingDelivery(a_session(self._next, self._rig.clock), decision(self._next)))
                self._next += 1
        return self._answer(events)


def taking_all_but(*numbers: int, word: str = "") -> Answer:
    """Each has its own result. With a word the sink rejects these, else it fails at them."""
    bad = [decision(number) for number in numbers]

    def answer(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [(rejected(word) if word else failed("500")) if event in bad else DELIVERED for event in events]

    return answer


def set_apart(rig: Rig, *numbers: int) -> None:
    """The sink fails at these twice, and takes others."""
    answer = taking_all_but(*numbers)
    rig.sink.answers = [answer, rig.last(answer)]
    rig.sink.max_batch = len(numbers) + 1
    for number in (*numbers, 20, 21):
        rig.worker.put(pending_of(rig, number))
    rig.run()
    assert rig.taken == rig.ids(20, 21)
    rig.sink.max_batch = 4
    rig.halt.clear()
    rig.taken.clear()
    rig.sink.batches.clear()


def be_busy(rig: Rig, answer: Answer, batches: int) -> None:
    """Let the worker run for so many batches."""
    for number in range(22, 26):
        rig.worker.put(pending_of(rig, number))
    rig.sink.always = Busy(rig, answer, batches)
    rig.expected = -1
    rig.run()


def test_a_sink_that_is_well_again_gets_what_was_set_apart_however_busy_it_is(rig: Rig) -> None:
    set_apart(rig, 0)
    be_busy(rig, taking_all_but(), batches=20)
    assert rig.ids(0)[0] in rig.taken
    [place] = [place for place, batch in enumerate(rig.sink.batches) if decision(0) in batch]
    assert place * CALL <= 1.5


def test_a_pile_of_what_is_never_taken_costs_the_others_a_quarter_of_the_time(rig: Rig) -> None:
    hopeless = range(12)
    set_apart(rig, *hopeless)
    be_busy(rig, taking_all_but(*hopeless), batches=100)
    apart = [batch for batch in rig.sink.batches if any(decision(number) in batch for number in hopeless)]
    assert 0 < len(apart) <= SHARE * len(rig.sink.batches)
    assert {len(batch) for batch in apart} == {1}  # a quarter of 4
    assert not rig.is_open
    assert rig.halt.waits == []


def test_what_is_set_apart_is_given_up_beside_busy_traffic_too(rig: Rig) -> None:
    set_apart(rig, 0)
    be_busy(rig, taking_all_but(0, word="422"), batches=90)
    assert rig.given_up == {rig.ids(0)[0]: "422"}
    assert sum(decision(0) in batch for batch in rig.sink.batches) == REJECTIONS - 1


def test_what_the_sink_was_not_asked_to_take_keeps_its_turn_and_has_not_failed(rig: Rig) -> None:
    def fails_at_first(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [DELIVERED, failed("503"), *[not_attempted("503")] * (len(events) - 2)]

    rig.sink.answers = [fails_at_first] * 3
    rig.deliver(*range(10))
    batches = [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9], [1, 3, 5]]
    assert rig.sink.batches == [[decision(number) for number in batch] for batch in batches]
    assert rig.taken == rig.ids(0, 2, 4, 6, 7, 8, 9, 1, 3, 5)


def test_a_receiver_that_asks_for_time_is_no_failure_of_those_that_wait_for_it(rig: Rig) -> None:
    def wait(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        raise SinkError("asked for 10 s more", 10.0)

    pending = [pending_of(rig, number) for number in (0, 1)]
    rig.sink.answers = [wait, wait, wait]
    for each in pending:
        rig.worker.put(each)
    rig.expected = 2
    rig.run()
    assert (rig.taken, [each.first_failure for each in pending]) == (rig.ids(0, 1), [None, None])
    assert min(rig.halt.waits) == 10.0


@pytest.mark.parametrize("is_reached", [True, False], ids=["reached", "not reached"])
def test_an_outage_is_held_against_no_event_that_was_set_apart_before(rig: Rig, is_reached: bool) -> None:
    """It opens the circuit and is told; once it is over the event is taken."""
    set_apart(rig, 0)
    seen: list[tuple[bool, dict[str, str]]] = []

    def down_for_long(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        seen.append((rig.is_open, rig.readiness.problems()))
        if len(seen) >= 200:
            return [DELIVERED] * len(events)
        if is_reached:
            return [failed("connection refused")] * len(events)
        raise SinkError("connection refused")

    rig.sink.always = down_for_long
    begun = rig.clock.monotonic()
    rig.expected = 1
    rig.run()
    assert (rig.taken, rig.given_up) == (rig.ids(0), {})
    assert rig.clock.monotonic() - begun > 900.0
    assert [is_open for is_open, _ in seen].index(True) <= FAILURES + 1
    assert seen[-1] == (True, {"sink s": "circuit open, 1 decisions wait: connection refused"})
    assert (rig.is_open, rig.readiness.problems()) == (False, {})


def test_an_event_that_makes_the_calls_fail_that_it_is_in_is_told_from_those_beside_it(rig: Rig) -> None:
    def call(entries: Sequence[Mapping[str, Any]]) -> Sequence[EventResult]:
        if any(entry["event"] == decision(0) for entry in entries):
            raise CallFailed(failed("500"))
        return [DELIVERED] * len(entries)

    batches = BatchSender(lambda event: Entry({"event": event}, 100), call)
    for number in range(4):
        rig.worker.put(pending_of(rig, number))
    with capture_logs() as logs:
        be_busy(rig, batches.send, batches=50)
    told = [entry["session_id"] for entry in logs if entry["event"] == "event_rejected"]
    assert (set(told), len(told) > 3) == (set(rig.ids(0)), True)
    assert set(rig.ids(1, 2, 3)) <= set(rig.taken)
    assert not rig.is_open


def test_with_an_open_circuit_and_only_quarantined_events_left_they_are_tried(rig: Rig) -> None:
    """Nothing else may come for hours: what is due is the trial, one event at a time, and closes the circuit."""
    set_apart(rig, 0, 1)
    rig.worker.put(pending_of(rig, 22))
    seen: list[str] = []

    def notes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        seen.extend(rig.readiness.problems().values())
        return [DELIVERED] * len(events)

    def abandoned(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.sessions[22].is_abandoned = True
        raise SinkError("down", LONGEST_WAIT + 1.0)  # which opens the circuit at once, before others are due

    rig.sink.answers = [abandoned]
    rig.sink.always = notes
    rig.expected = len(rig.taken) + 2
    rig.run()
    after = [batch for batch in rig.sink.batches if decision(22) not in batch]
    assert after == [[decision(0)], [decision(1)]]
    assert seen == ["circuit open, 2 decisions wait: down"]
    assert set(rig.ids(0, 1)) <= set(rig.taken)
    assert (rig.is_open, rig.readiness.problems()) == (False, {})


def test_a_quarantined_event_whose_turn_did_not_come_stays_in_quarantine(rig: Rig) -> None:
    """Beside others it would hold them up again."""
    set_apart(rig, 0, 1)

    def first_only(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.put(pending_of(rig, 22))
        return [rejected("422"), *[not_attempted("422")] * (len(events) - 1)]

    rig.sink.max_batch = 8  # room for two of them
    rig.clock.advance(1.0)
    rig.sink.answers = [first_only, rig.last(all_delivered)]
    rig.run()
    assert rig.sink.batches == [[decision(0), decision(1)], [decision(1)]]  # by itself

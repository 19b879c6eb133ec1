"""A worker over a sink that takes others, but not this one."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.support import decision
from tests.unit.delivery.sink_workers import (
    Answer,
    Rig,
    all_delivered,
    broken,
    down,
    never_taking,
    pending_of,
    while_others_come,
)
from watcher.delivery.circuit_breaker import FAILURES
from watcher.delivery.quarantine import ATTEMPTS, REJECTIONS
from watcher.domain.event_result import DELIVERED, EventResult, failed, rejected
from watcher.domain.model import DecisionEvent


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_one_event_that_is_never_taken_costs_the_others_nothing(rig: Rig) -> None:
    rig.sink.always = never_taking(0)
    begun = rig.clock.monotonic()
    with capture_logs() as logs:
        rig.deliver(*range(10), expected=9)
    assert sorted(rig.taken) == sorted(rig.ids(*range(1, 10)))
    assert rig.clock.monotonic() - begun < 1.0
    assert not rig.is_open
    (refused,) = [entry for entry in logs if entry["event"] == "event_rejected"]
    assert (refused["session_id"], refused["error"]) == (rig.ids(0)[0], "500")


def test_a_poison_event_is_tried_apart_until_it_is_taken_and_its_failures_open_no_circuit(rig: Rig) -> None:
    tries: list[float] = []

    def at_last(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        if decision(0) in events:
            tries.append(rig.clock.monotonic())
            if len(tries) < FAILURES + 3:
                rig.worker.put(pending_of(rig, 10 + len(tries)))
                return never_taking(0)(events)
        return all_delivered(events)

    rig.sink.always = at_last
    rig.deliver(*range(3), expected=3 + FAILURES + 2)
    assert len(tries) == FAILURES + 3
    assert [later - sooner for sooner, later in pairwise(tries[2:7])] == [1.0, 2.0, 4.0, 8.0]
    assert rig.taken[-1:] == rig.ids(0)
    assert len(rig.halt.waits) == 1  # before anything was taken
    assert rig.readiness.problems() == {}


def rejecting(*numbers: int, is_final: bool = True) -> Answer:
    """As a sink that rejects these, and delivers the others."""
    bad = [decision(number) for number in numbers]

    def answer(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [rejected("too large", is_final=is_final) if event in bad else DELIVERED for event in events]

    return answer


def test_what_is_too_large_is_given_up_at_once_and_opens_no_circuit(rig: Rig) -> None:
    rig.sink.always = rejecting(*range(15))
    with capture_logs() as logs:
        rig.deliver(*range(16), expected=1)
    assert rig.taken == rig.ids(15)
    assert rig.given_up == dict.fromkeys(rig.ids(*range(15)), "too large")
    assert (rig.is_open, rig.halt.waits, rig.readiness.problems()) == (False, [], {})
    assert {(entry["event"], entry["log_level"]) for entry in logs} == {("event_rejected", "error")}
    assert [entry["session_id"] for entry in logs[3:4]] == rig.ids(3)
    assert (logs[3]["sink"], logs[3]["bytes"], logs[3]["error"]) == ("s", len(decision(3).body), "too large")
    assert "dead replay" in logs[3]["consequence"]
    assert [rig.count(result) for result in ("ok", "failed", "refused")] == [1, 0, 15]


def test_a_good_decision_does_not_wait_for_those_that_are_refused(rig: Rig) -> None:
    rig.sink.always = rejecting(*range(15), is_final=False)
    begun = rig.clock.monotonic()
    rig.deliver(*range(16), expected=1)
    assert rig.taken == rig.ids(15)
    assert rig.clock.monotonic() == begun
    assert (rig.is_open, rig.given_up) == (False, {})


@pytest.mark.parametrize(
    ("numbers", "tries", "seconds"), [((0, 1), REJECTIONS, 31.0), ((0,), ATTEMPTS, 603.0)], ids=["some", "nothing"]
)
def test_the_word_of_a_sink_that_takes_others_counts_sooner_than_that_of_one_that_takes_nothing(
    rig: Rig, numbers: tuple[int, ...], tries: int, seconds: float
) -> None:
    rig.sink.always = rejecting(0, is_final=False)
    begun = rig.clock.monotonic()
    rig.deliver(*numbers, expected=0)
    assert rig.given_up == {rig.ids(0)[0]: "too large"}
    assert sum(decision(0) in batch for batch in rig.sink.batches) == tries
    assert rig.clock.monotonic() - begun == seconds


def test_a_poison_event_that_is_never_taken_is_given_up_at_last(rig: Rig) -> None:
    begun = rig.clock.monotonic()
    rig.sink.always = while_others_come(rig, never_taking(0))
    rig.deliver(0, 1, expected=0)
    assert rig.given_up == {rig.ids(0)[0]: "500"}
    assert sum(decision(0) in batch for batch in rig.sink.batches) == 2 + ATTEMPTS  # the first two say nothing
    assert rig.clock.monotonic() - begun == pytest.approx(603.0, abs=0.2)


def test_what_a_sink_says_of_an_event_shows_that_it_is_there(rig: Rig) -> None:
    """Its circuit closes although it has taken nothing: nothing else may come for hours."""
    rig.sink.answers = [down] * FAILURES
    rig.sink.always = rejecting(0)
    rig.deliver(0, expected=0)
    assert (rig.is_open, rig.readiness.problems()) == (False, {})


def test_a_sink_that_refuses_one_and_fails_at_the_others_is_still_down(rig: Rig) -> None:
    def answer(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [rejected("too large", is_final=True), failed("down"), failed("down")]

    rig.sink.answers = [answer, *[down] * FAILURES]
    rig.deliver(0, 1, 2, expected=2)
    assert rig.given_up == {rig.ids(0)[0]: "too large"}
    assert sorted(rig.taken) == sorted(rig.ids(1, 2))
    assert len(rig.halt.waits) == FAILURES + 1
    assert [rig.count(result) for result in ("ok", "failed", "refused")] == [2, 2 + 2 * (FAILURES - 1) + 1, 1]


def test_while_the_circuit_is_open_one_that_was_never_refused_is_tried_first(rig: Rig) -> None:
    """The sink fails at the first fifteen without a word: it looks as if it were down."""

    def another_comes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.put(pending_of(rig, 20))
        return broken(events)

    def failing(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [DELIVERED if event == decision(20) else failed("500") for event in events]

    rig.sink.answers = [*[broken] * (FAILURES + 10), another_comes]
    rig.sink.always = failing
    rig.deliver(*range(15), expected=1)
    assert rig.taken == rig.ids(20)
    assert rig.sink.batches[FAILURES + 11] == [decision(20)]

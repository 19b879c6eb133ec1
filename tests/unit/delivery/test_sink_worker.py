"""A worker over a sink that is down, or that did not take all of a batch."""

import socket
from collections.abc import Sequence
from errno import EACCES, EMFILE, ENOSPC

import pytest
from structlog.testing import capture_logs

from tests.support import decision
from tests.unit.delivery.sink_workers import (
    CheckedRecipient,
    Rig,
    all_delivered,
    down,
    failing_at,
    never_taking,
    pending_of,
)
from tests.unit.support.builders import a_beat, a_session
from watcher.delivery.circuit_breaker import FAILURES, LONGEST_WAIT, MAX_FAILING_TIME, SHORTEST_REST
from watcher.delivery.pending import PendingDelivery
from watcher.delivery.sink_worker import SinkWorker
from watcher.domain.errors import LedgerError, SinkError, SinkGone
from watcher.domain.event_result import EventResult, not_attempted
from watcher.domain.model import DecisionEvent


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_waits_goes_out_in_batches_and_in_order(rig: Rig) -> None:
    rig.deliver(*range(10))
    assert [len(batch) for batch in rig.sink.batches] == [4, 4, 2]
    assert rig.taken == rig.ids(*range(10))
    assert (rig.count("ok"), rig.count("failed")) == (10, 0)


def test_only_what_was_refused_goes_out_again_behind_the_rest(rig: Rig) -> None:
    rig.sink.answers = [failing_at(1, 3)]
    with capture_logs() as logs:
        rig.deliver(*range(6))
    assert rig.sink.batches == [[decision(n) for n in batch] for batch in ([0, 1, 2, 3], [4, 5, 1, 3])]
    assert rig.taken == rig.ids(0, 2, 4, 5, 1, 3)
    assert (rig.count("ok"), rig.count("failed")) == (6, 2)
    assert [entry["session_ids"] for entry in logs if entry["event"] == "batch_partially_delivered"] == [
        rig.ids(1, 3)
    ]


def test_an_event_that_opened_the_circuit_by_itself_is_found_out_by_the_next_one(rig: Rig) -> None:
    def another_comes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.put(pending_of(rig, 1))
        return down(events)

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

    def notes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        seen.append((rig.is_open, rig.readiness.problems()))
        return all_delivered(events)

    rig.sink.always = notes
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

    def notes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        problems.append(rig.readiness.problems())
        return all_delivered(events)

    rig.sink.always = notes
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
    def another_comes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.put(PendingDelivery(rig.sessions[2], decision(2)))
        return down(events)

    rig.sink.answers = [another_comes]
    rig.worker.put(PendingDelivery(rig.sessions[1], decision(1)))

    def close(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.close()
        return all_delivered(events)

    rig.sink.always = close
    rig.run()
    assert [len(batch) for batch in rig.sink.batches] == [1, 2]


def test_what_is_in_flight_no_more_does_not_pile_up_while_the_sink_is_down(rig: Rig) -> None:
    """Its message comes again, and brings a parcel of its own each time."""

    def lose(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        for number in (1, 2, 3):
            rig.sessions[number].is_abandoned = True
        return down(events)

    rig.sink.answers = [*[down] * FAILURES, lose]
    for number in range(5):
        rig.worker.put(PendingDelivery(rig.sessions[number], decision(number)))
    rig.expected = 2
    rig.run()
    assert sorted(rig.taken) == sorted(rig.ids(0, 4))
    assert rig.readiness.problems() == {}


def test_with_nothing_left_to_try_the_sink_is_left_alone(rig: Rig) -> None:
    """All that waited for it has lost its leases."""

    def lose(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.sessions[0].is_abandoned = True
        raise SinkError("down", LONGEST_WAIT + 1.0)  # opens the circuit

    rig.sink.answers = [lose]
    rig.worker.put(pending_of(rig, 0))
    rig.run_until(rig.clock.monotonic() + 3600.0)
    assert rig.sink.batches == [[decision(0)]]


def test_a_halt_leaves_what_was_not_taken(rig: Rig) -> None:
    def stop(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.halt()
        return down(events)

    rig.sink.answers = [stop]
    rig.deliver(1, 2)
    assert (len(rig.sink.batches), rig.taken) == (1, [])


def test_a_stop_does_not_wait_for_a_sink_that_is_down(rig: Rig) -> None:
    """The circuit opens in the drain; what was not taken goes back to the queue."""
    rig.sink.always = down
    for number in (1, 2):
        rig.worker.put(PendingDelivery(rig.sessions[number], decision(number)))
    rig.worker.close()
    rig.run()
    assert [len(batch) for batch in rig.sink.batches] == [2] * FAILURES
    assert rig.taken == []


def test_a_stop_interrupts_the_rest_of_an_open_circuit_for_a_last_try(rig: Rig) -> None:
    def close(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.worker.close()
        return down(events)

    rig.sink.answers = [*[down] * FAILURES, close]
    rig.worker.put(PendingDelivery(rig.sessions[1], decision(1)))
    rig.run()
    assert len(rig.sink.batches) == FAILURES + 1


def test_a_ledger_that_is_down_at_the_halt_ends_the_worker(rig: Rig) -> None:
    def failing(*_: object) -> None:
        raise LedgerError("down")

    worker = SinkWorker(
        rig.sink,
        delivered=failing,
        given_up=rig.gave_up,
        clock=rig.clock,
        metrics=rig.metrics,
        readiness=rig.readiness,
    )
    worker.put(PendingDelivery(rig.sessions[1], decision(1)))
    worker.run(a_beat(rig.clock))
    assert len(rig.sink.batches) == 1


def test_a_sink_that_is_gone_is_no_failure_to_try_again(rig: Rig) -> None:
    def gone(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        raise SinkGone("closed")

    rig.sink.answers = [gone]
    with pytest.raises(SinkGone):
        rig.deliver(1, 2)
    assert (rig.count("ok"), rig.count("failed"), rig.is_open) == (0, 2, False)


def test_a_worker_that_waits_for_work_rests(rig: Rig) -> None:
    beat = a_beat(rig.clock)
    silences: list[float] = []

    def slow(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.clock.advance(7.0)
        silences.append(beat.silence())
        return all_delivered(events)

    rig.sink.always = slow
    rig.worker.put(PendingDelivery(rig.sessions[1], decision(1)))
    rig.worker.close()
    rig.worker.run(beat)
    assert silences == [7.0]
    assert beat.silence() == 0.0


def test_a_sink_that_never_answers_is_down_after_the_first_try_that_took_so_long(rig: Rig) -> None:
    problems: list[str] = []

    def hang(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        rig.clock.advance(MAX_FAILING_TIME)
        return down(events)

    def take(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        problems.extend(rig.readiness.problems())
        return all_delivered(events)

    rig.sink.answers = [hang, take]
    rig.deliver(1)
    assert problems == ["sink s"]


def test_the_time_before_an_attempt_is_no_failure_of_the_sink(rig: Rig) -> None:
    problems: list[str] = []

    def take(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        problems.extend(rig.readiness.problems())
        return all_delivered(events)

    rig.clock.advance(2 * MAX_FAILING_TIME)
    rig.sink.answers = [down, take]
    rig.deliver(1)
    assert problems == []


def local_faults() -> list[BaseException]:
    return [
        SinkError("no AWS credentials"),
        OSError(EMFILE, "Too many open files: '/secret/path'"),
        OSError(ENOSPC, "No space left on device"),
        PermissionError(EACCES, "Permission denied"),
        socket.gaierror(-3, "Temporary failure in name resolution"),
        MemoryError("cannot allocate"),
    ]


@pytest.mark.parametrize("fault", local_faults(), ids=lambda fault: type(fault).__name__)
def test_a_local_fault_is_held_against_no_event_although_others_are_delivered_in_between(
    rig: Rig, fault: BaseException
) -> None:
    """Of a hundred attempts of one event each meets the fault, and another event is delivered after each."""
    pending, attempts = pending_of(rig, 0), 0

    def fails(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        nonlocal attempts
        if pending.event not in events or attempts == 100:
            return all_delivered(events)
        attempts += 1
        number = 1000 + attempts
        rig.worker.put(PendingDelivery(a_session(number, rig.clock), decision(number)))
        raise fault

    rig.sink.max_batch = 1
    rig.sink.always = fails
    rig.worker.put(pending)
    rig.expected = 101
    rig.run()
    assert (attempts, len(rig.taken), rig.given_up) == (100, 101, {})
    assert (pending.strikes, pending.first_failure) == (0, None)


def test_a_fault_of_this_machine_opens_the_circuit_and_is_told_without_what_it_quotes(rig: Rig) -> None:
    def fails(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        raise OSError(EMFILE, "Too many open files: '/secret/path'")

    seen: list[dict[str, str]] = []

    def notes(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        seen.append(rig.readiness.problems())
        return all_delivered(events)

    rig.sink.answers = [fails] * FAILURES
    rig.sink.always = notes
    rig.deliver(0)
    (problems,) = seen
    assert problems["sink s"].startswith("circuit open, 1 decisions wait: this machine: Too many open files: raise")
    assert "/secret" not in problems["sink s"]
    assert (rig.count("ok"), rig.count("failed"), rig.count("refused")) == (1, FAILURES, 0)


def test_a_sink_that_attempted_nothing_has_failed_as_a_whole(rig: Rig) -> None:
    def throttled(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        return [not_attempted("throttled")] * len(events)

    rig.sink.answers = [throttled] * FAILURES
    with capture_logs() as logs:
        rig.deliver(0, 1)
    assert [entry["error"] for entry in logs if "error" in entry] == ["throttled"] * FAILURES
    assert rig.taken == rig.ids(0, 1)


@pytest.fixture
def checked() -> Rig:
    return Rig(CheckedRecipient())


def recipient(rig: Rig) -> CheckedRecipient:
    assert isinstance(rig.sink, CheckedRecipient)
    return rig.sink


def test_a_target_that_vanishes_while_nothing_is_sent_makes_the_watcher_unready_within_its_interval(
    checked: Rig,
) -> None:
    sink, begun, seen = recipient(checked), checked.clock.monotonic(), list[tuple[bool, dict[str, str]]]()

    def missing() -> bool:
        seen.append((checked.is_open, checked.readiness.problems()))
        return begun + 100.0 < checked.clock.monotonic() < begun + 300.0

    sink.missing = missing
    with capture_logs() as logs:
        checked.run_until(begun + 400.0)
    assert (True, {"sink s": "circuit open, 0 decisions wait: no such target"}) in seen
    assert (checked.is_open, checked.readiness.problems(), sink.batches) == (False, {}, [])
    told = [entry["event"] for entry in logs if entry["log_level"] != "warning"]
    assert told == ["circuit_opened", "circuit_closed"]


def test_a_sink_that_is_sent_to_is_not_asked_for(checked: Rig) -> None:
    checked.clock.advance(59.0)
    checked.deliver(0)
    assert recipient(checked).checks == 0


def test_a_delivery_puts_the_next_check_off(checked: Rig) -> None:
    delivered_at, checked_at = list[float](), list[float]()
    checked.worker.put(pending_of(checked, 0))

    def slow(events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        checked.clock.advance(59.0)
        delivered_at.append(checked.clock.monotonic())
        return all_delivered(events)

    def missing() -> bool:
        checked_at.append(checked.clock.monotonic())
        return False

    checked.sink.always = slow
    recipient(checked).missing = missing
    checked.expected = -1
    checked.run_until(checked.clock.monotonic() + 150.0)
    assert checked_at == [delivered_at[0] + 60.0]


def test_a_sink_that_is_down_with_nothing_to_send_is_asked_for_at_every_turn(checked: Rig) -> None:
    """What waited for it has lost its leases: only a check can show that it works again."""
    sink = recipient(checked)
    checked_at, waits = list[float](), checked.halt.waits

    def lose(_: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        checked.sessions[1].is_abandoned = True
        raise SinkError("down", LONGEST_WAIT + 1.0)  # opens the circuit

    def missing() -> bool:
        checked_at.append(checked.clock.monotonic())
        return len(checked_at) < 3

    sink.answers, sink.missing = [lose], missing
    checked.worker.put(pending_of(checked, 1))
    begun = checked.clock.monotonic()
    checked.run_until(begun)  # until it waits for work again
    assert checked_at == pytest.approx([begun + sum(waits[:turns]) for turns in (1, 2, 3)])
    assert (checked.is_open, checked.readiness.problems(), len(sink.batches)) == (False, {}, 1)


def test_a_sink_without_a_check_is_never_asked_for(rig: Rig) -> None:
    rig.clock.advance(1e6)
    rig.worker.close()
    rig.run()
    assert rig.sink.batches == []

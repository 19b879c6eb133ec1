"""Waiting for decisions, with a clock that only sleeping moves, a ledger and a queue that answer as told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from tests.support import ManualClock, decision, session_id
from watcher.cli.exit_codes import WaitExit
from watcher.cli.wait.constants import CONSTANTS
from watcher.cli.wait.ledger_reader import LedgerReader
from watcher.cli.wait.location import Location
from watcher.cli.wait.waiting import Pace, Waiting, WaitResult
from watcher.domain.errors import DatabaseLost, LedgerError
from watcher.domain.model import DecisionEvent, LedgerEntry, SessionKey

PACE = Pace(0.2, 0.5)
KEY = decision(1).key
ON_QUEUE = Location("on the queue")
UNKNOWN = Location("unknown", is_final=True)


class Ledger:
    """Gets each entry at its time; `failures` are raised by the next reads, one each."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.entries: list[tuple[float, LedgerEntry]] = []
        self.failures: list[Exception] = []
        self.reads: list[float] = []
        self.keys_read = 0
        self.is_closed = False
        self.duration = 0.0

    def decide(self, number: int, after: float = 0.0, outcome: str = "live", **members: Any) -> None:
        """Session `number` is decided so many seconds from the start on."""
        entry = LedgerEntry(decision(number, outcome, **members), 0.0, sequence=len(self.entries) + 1)
        self.entries.append((self.clock.monotonic() + after, entry))

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries of these keys that are there now."""
        self.reads.append(self.clock.monotonic())
        self.clock.advance(self.duration)
        wanted = list(keys)
        self.keys_read += len(wanted)
        if self.failures:
            raise self.failures.pop(0)
        found = (entry for at, entry in self.entries if at <= self.clock.monotonic())
        return {entry.event.key: entry for entry in found if entry.event.key in wanted}

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The entries of a session."""
        return [entry for _, entry in self.entries if entry.event.key.session_id == session_id]

    def close(self) -> None:
        """Closed."""
        self.is_closed = True


class Observer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.progress: list[tuple[int, int, str]] = []

    def waiting(self, decided: int, total: int, words: str) -> None:
        """Progress."""
        self.progress.append((decided, total, words))

    def problem(self, text: str) -> None:
        """A problem, or its end."""
        self.problems.append(text)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ledger(clock: ManualClock) -> Ledger:
    return Ledger(clock)


@pytest.fixture
def observer() -> Observer:
    return Observer()


Wait = Callable[..., list[WaitResult]]


@pytest.fixture
def wait(clock: ManualClock, ledger: Ledger, observer: Observer) -> Wait:
    """Wait for sessions 1 to `count`, or for these keys."""

    def waited(
        timeout: float = 200.0,
        where: Callable[[SessionKey], Location] = lambda _: ON_QUEUE,
        count: int = 1,
        keys: Sequence[SessionKey] = (),
        reader: LedgerReader | None = None,
    ) -> list[WaitResult]:
        reader = reader or LedgerReader(lambda: ledger)  # type: ignore[arg-type, return-value] # what a reader needs
        waiting = Waiting(reader, where, PACE, observer, clock, clock.advance)
        return list(waiting.results(keys or [decision(number).key for number in range(1, count + 1)], timeout))

    return waited


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("live", WaitExit.LIVE),
        ("not_live", WaitExit.NOT_LIVE),
        ("inconclusive", WaitExit.INCONCLUSIVE),
        ("LIVE", WaitExit.FAILED),
        ("", WaitExit.FAILED),
        ("newer", WaitExit.FAILED),
    ],
)
def test_each_outcome_has_its_code(wait: Wait, ledger: Ledger, outcome: str, code: WaitExit) -> None:
    ledger.decide(1, outcome=outcome)
    (result,) = wait()
    assert result.code is code
    assert (result.entry is None) == (code is WaitExit.FAILED)
    assert result.text == (
        "" if result.entry else f"session {session_id(1)}: outcome {outcome!r} is unknown: upgrade this watcher"
    )


def test_the_first_read_is_at_once(wait: Wait, ledger: Ledger, clock: ManualClock) -> None:
    ledger.decide(1)
    begun = clock.monotonic()
    wait()
    assert ledger.reads == [begun]
    assert clock.monotonic() == begun


def test_reads_become_rarer_up_to_a_limit(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1, after=10.0)
    assert [result.code for result in wait()] == [WaitExit.LIVE]
    waits = [round(later - earlier, 3) for earlier, later in zip(ledger.reads, ledger.reads[1:], strict=False)]
    assert waits[:5] == [0.2, 0.25, 0.312, 0.391, 0.488]
    assert set(waits[5:]) == {0.5}


def test_a_slow_ledger_is_read_a_fifth_of_the_time_at_most(wait: Wait, ledger: Ledger, clock: ManualClock) -> None:
    ledger.duration = 2.0
    begun = clock.monotonic()
    wait(timeout=100.0)
    assert len(ledger.reads) * ledger.duration <= (clock.monotonic() - begun) / 5 + 2 * ledger.duration


@pytest.mark.parametrize("timeout", [0.0, 0.1, 7.0, 200.0])
def test_the_time_out_ends_it_with_a_last_read(
    wait: Wait, ledger: Ledger, clock: ManualClock, timeout: float
) -> None:
    begun = clock.monotonic()
    (result,) = wait(timeout)
    assert result.code is WaitExit.UNDECIDED
    limit = f"within {timeout:g} s" if timeout else "yet"
    assert result.text == f"session {session_id(1)}: not decided {limit}: on the queue"
    assert clock.monotonic() - begun == pytest.approx(timeout)
    assert ledger.reads[-1] - begun == pytest.approx(timeout)


def test_a_decision_in_the_last_moment_counts(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1, after=4.999)
    assert [result.code for result in wait(5.0)] == [WaitExit.LIVE]


def test_a_look_without_waiting_finds_what_is_there(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1, outcome="not_live")
    assert [result.code for result in wait(0.0)] == [WaitExit.NOT_LIVE]


def test_without_a_limit_it_goes_on(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1, after=1000.0)
    assert [result.code for result in wait(float("inf"))] == [WaitExit.LIVE]


def test_an_unknown_session_ends_it_at_once(wait: Wait, ledger: Ledger, clock: ManualClock) -> None:
    begun = clock.monotonic()
    (result,) = wait(where=lambda _: UNKNOWN)
    assert (result.code, result.text) == (WaitExit.FAILED, f"session {session_id(1)}: unknown")
    assert clock.monotonic() == begun
    assert len(ledger.reads) == 2


def test_a_session_that_left_the_queue_because_it_was_decided_is_not_unknown(wait: Wait, ledger: Ledger) -> None:
    def where(_: SessionKey) -> Location:
        ledger.decide(1)
        return UNKNOWN

    assert [result.code for result in wait(where=where)] == [WaitExit.LIVE]


def test_a_message_that_is_dead_lettered_meanwhile_ends_it(wait: Wait, clock: ManualClock) -> None:
    begun = clock.monotonic()

    def where(_: SessionKey) -> Location:
        return Location("dead letter 7", is_final=True) if clock.monotonic() - begun > 20 else ON_QUEUE

    (result,) = wait(where=where)
    assert (result.code, result.text) == (WaitExit.FAILED, f"session {session_id(1)}: dead letter 7")
    assert clock.monotonic() - begun < 30


def test_the_queue_is_searched_far_less_often_than_the_ledger_is_read(wait: Wait, ledger: Ledger) -> None:
    searched: list[SessionKey] = []

    def where(key: SessionKey) -> Location:
        searched.append(key)
        return ON_QUEUE

    wait(50.0, where=where)
    assert len(searched) <= 12
    assert len(ledger.reads) > 90


def test_another_policys_decision_is_named_and_is_not_the_answer(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1, policy="payout")
    hint = "; decided under policy payout: give that as --policy"
    (unknown,) = wait(where=lambda _: UNKNOWN)
    assert (unknown.code, unknown.text) == (WaitExit.FAILED, f"session {session_id(1)}: unknown{hint}")
    (late,) = wait(1.0)
    assert (late.code, late.text) == (
        WaitExit.UNDECIDED,
        f"session {session_id(1)}: not decided within 1 s: on the queue{hint}",
    )
    (own,) = wait(keys=[SessionKey(session_id(1), "payout")])
    assert own.code is WaitExit.LIVE
    (other,) = wait(1.0, keys=[SessionKey(session_id(1), "strict")])
    assert other.text.startswith(f"session {session_id(1)}, policy strict: not decided")


def test_an_unreadable_record_is_a_failure(wait: Wait, ledger: Ledger, clock: ManualClock) -> None:
    entry = LedgerEntry(DecisionEvent(KEY, ""), 0.0, fault="the record is damaged")
    ledger.entries.append((clock.monotonic(), entry))
    (result,) = wait()
    assert (result.code, result.text) == (WaitExit.FAILED, f"session {session_id(1)}: the record is damaged")


def test_a_ledger_that_fails_for_a_while_is_read_again(wait: Wait, ledger: Ledger, observer: Observer) -> None:
    ledger.decide(1)
    ledger.failures += [LedgerError("it is busy")] * 30
    assert [result.code for result in wait()] == [WaitExit.LIVE]
    assert observer.problems == ["it is busy"] * 30 + [""]


def test_a_ledger_that_fails_to_the_end_is_a_failure_with_its_reason(wait: Wait, ledger: Ledger) -> None:
    ledger.failures += [LedgerError("it is busy")] * 1000
    (result,) = wait(5.0, where=lambda _: UNKNOWN)
    assert result.code is WaitExit.FAILED
    assert result.text == (
        f"session {session_id(1)}: not known whether it is decided, the ledger can't be read: it is busy"
    )


def test_nothing_is_unknown_while_the_ledger_can_not_be_read(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1)
    ledger.failures += [LedgerError("it is busy")] * 3
    assert [result.code for result in wait(where=lambda _: UNKNOWN)] == [WaitExit.LIVE]


def test_a_database_that_was_replaced_ends_it(wait: Wait, ledger: Ledger) -> None:
    ledger.failures.append(DatabaseLost("the file was replaced"))
    with pytest.raises(DatabaseLost):
        wait()


def test_a_ledger_that_does_not_exist_yet_is_empty(wait: Wait, ledger: Ledger, observer: Observer) -> None:
    missing = LedgerError("it is created when the watcher first runs")
    missing.is_not_created = True
    attempts = [missing] * 3

    def open_it() -> Any:
        if attempts:
            raise attempts.pop()
        return ledger

    ledger.decide(1)
    reader = LedgerReader(open_it)
    assert [result.code for result in wait(0.0, reader=reader)] == [WaitExit.UNDECIDED]
    assert set(observer.problems) == {""}
    assert [result.code for result in wait(reader=reader)] == [WaitExit.LIVE]
    reader.close()
    assert ledger.is_closed


def test_a_ledger_that_can_not_be_opened_ends_it(wait: Wait, clock: ManualClock) -> None:
    def open_it() -> Any:
        raise LedgerError("permission denied")

    begun = clock.monotonic()
    with pytest.raises(LedgerError, match="permission denied"):
        wait(reader=LedgerReader(open_it))
    assert clock.monotonic() == begun


def test_many_sessions_are_answered_as_they_are_decided(wait: Wait, ledger: Ledger, observer: Observer) -> None:
    ledger.decide(3, after=1.0, outcome="not_live")
    ledger.decide(1, after=2.0)
    results = wait(10.0, count=3)
    assert [result.code for result in results] == [WaitExit.NOT_LIVE, WaitExit.LIVE, WaitExit.UNDECIDED]
    assert observer.progress[0] == (0, 3, "on the queue")
    assert observer.progress[-1] == (2, 3, "on the queue")


def test_a_session_named_twice_is_answered_once(wait: Wait, ledger: Ledger) -> None:
    ledger.decide(1)
    assert len(wait(keys=[KEY, KEY])) == 1


def test_no_session_is_no_wait(wait: Wait, ledger: Ledger, clock: ManualClock) -> None:
    reader = LedgerReader(lambda: ledger)  # type: ignore[arg-type, return-value] # what a reader needs
    assert list(Waiting(reader, lambda _: UNKNOWN, PACE, Observer(), clock, clock.advance).results([], 5.0)) == []


def test_of_many_sessions_some_are_searched_for_at_a_time_and_all_in_turn(wait: Wait, ledger: Ledger) -> None:
    searched: list[SessionKey] = []

    def where(key: SessionKey) -> Location:
        searched.append(key)
        return ON_QUEUE

    count = 3 * CONSTANTS.searched_at_once
    wait(12.0, where=where, count=count)
    assert len(searched) == 4 * CONSTANTS.searched_at_once  # after 0, 5, 10 and 12 s
    assert len(set(searched)) == count


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([0, 0], 0),
        ([0, 3], 3),
        ([4, 3, 0], 4),
        ([3, 5, 4], 5),
        ([5, 1, 4], 1),
    ],
)
def test_the_worst_of_several_results_counts(codes: list[int], worst: int) -> None:
    total = WaitExit.LIVE
    for code in codes:
        total = total.or_worse(WaitExit(code))
    assert total == worst

"""Hints between replicas: when they are written and read, and what is left out."""

from collections.abc import Callable, Sequence
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from tests.support import ManualClock, session_id
from tests.unit.support.builders import a_beat
from tests.unit.support.fakes import FakeHintLog
from watcher.consumer.hint_sharing import LIMITS, HintSharing
from watcher.domain.errors import DatabaseLost, LedgerError
from watcher.domain.hints import HintSource

LONG = 60.0
"""Seconds for a thread to do what takes microseconds."""


class Replica:
    """One replica's sharing, and what its hint log and its polling stage got."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.log = FakeHintLog()
        self.announced: list[str] = []
        self.sharing = HintSharing(hint_log=self.log, announce=self._announce, clock=self.clock)

    def _announce(self, session_id: str, source: HintSource) -> None:
        assert source is HintSource.REPLICA
        self.announced.append(session_id)

    def share(self, *numbers: int) -> None:
        for number in numbers:
            self.sharing.share(session_id(number))

    def exchange(self, after: float = 0.0) -> None:
        self.clock.advance(after)
        self.sharing.exchange(self.log)

    def run_for(self, seconds: float) -> None:
        """What the thread does in this time."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            self.exchange()
            self.clock.advance(min(left, max(self.sharing.pause(), 1e-6)))


def ids(*numbers: int) -> list[str]:
    return [session_id(number) for number in numbers]


@pytest.fixture
def replica() -> Replica:
    return Replica()


def test_a_hint_is_written_at_once(replica: Replica) -> None:
    replica.exchange()
    replica.share(1)
    assert replica.sharing.pause() <= 0
    replica.exchange()
    assert replica.log.writes == [ids(1)]
    assert replica.sharing.pause() == pytest.approx(replica.log.interval)


def test_hints_that_follow_within_a_tenth_of_a_second_share_one_write(replica: Replica) -> None:
    replica.share(1)
    replica.exchange()
    replica.share(2, 3, 2)
    assert replica.sharing.pause() == pytest.approx(LIMITS.write_pause)
    replica.exchange(LIMITS.write_pause / 2)
    assert replica.log.writes == [ids(1)]
    replica.exchange(LIMITS.write_pause * 0.51)
    assert replica.log.writes == [ids(1), ids(2, 3)]


def test_it_reads_as_often_as_the_hint_log_wants(replica: Replica) -> None:
    replica.run_for(5.0)
    assert 10 <= replica.log.reads <= 11
    replica.log.interval = 15.0
    replica.run_for(60.0)
    assert 14 <= replica.log.reads <= 15


def test_writes_in_between_don_t_delay_a_read(replica: Replica) -> None:
    for number in range(50):
        replica.share(number)
        replica.run_for(0.1)
    assert 10 <= replica.log.reads <= 11
    assert 49 <= len(replica.log.writes) <= 50


def test_a_slow_read_counts_from_its_begin(replica: Replica) -> None:
    """Half a second between two reads is most of the time that a hint may take."""
    replica.log.on_read = lambda: replica.clock.advance(0.2)
    replica.run_for(5.0)
    assert 10 <= replica.log.reads <= 11


def test_hints_of_others_are_announced_once(replica: Replica) -> None:
    replica.log.others = ids(1, 2)
    replica.exchange()
    replica.exchange(replica.log.interval)
    assert replica.announced == ids(1, 2)


@pytest.mark.parametrize("text", ["", "x", "b'1'", session_id(1) + "\n", session_id(10).upper(), "None", "é" * 36])
def test_what_is_no_session_id_is_left_out(replica: Replica, text: str) -> None:
    replica.log.others = [text, session_id(1)]
    replica.exchange()
    assert replica.announced == ids(1)


def test_a_flood_is_written_at_a_bounded_rate_and_held_in_bounded_memory(replica: Replica) -> None:
    """10,000 different hints a second."""
    for tick in range(1000):
        for number in range(100):
            replica.sharing.share(session_id(tick * 100 + number))
        replica.exchange(0.01)
    written = sum(map(len, replica.log.writes))
    assert 0.8 * LIMITS.rate * 10 <= written <= LIMITS.rate * 10 + LIMITS.waiting
    assert max(map(len, replica.log.writes)) <= LIMITS.waiting
    assert len(replica.log.writes) <= 101


def test_the_same_hint_again_and_again_is_written_ten_times_a_second(replica: Replica) -> None:
    for _ in range(1000):
        replica.share(7)
        replica.exchange(0.001)
    assert set(map(tuple, replica.log.writes)) == {(session_id(7),)}
    assert 9 <= len(replica.log.writes) <= 11


def test_a_failing_hint_log_is_logged_once_and_left_alone_for_a_while(replica: Replica) -> None:
    replica.log.error = LedgerError("AccessDenied")
    replica.share(1)
    with capture_logs() as logs:
        replica.run_for(4 * LIMITS.failed_pause)
        assert replica.log.tries <= 5
        replica.log.error = None
        replica.run_for(2 * LIMITS.failed_pause)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("hint_log_failed", "warning"),
        ("hint_log_recovered", "info"),
    ]
    assert logs[0]["error"] == "AccessDenied"


def test_a_hint_waits_until_the_log_works_again(replica: Replica) -> None:
    replica.exchange()
    replica.log.error = LedgerError("throttled")
    replica.share(1)
    replica.exchange()
    replica.share(2)
    replica.log.error = None
    replica.exchange(LIMITS.failed_pause)
    assert replica.log.writes == [ids(1, 2)]


def test_a_lost_database_ends_the_thread(replica: Replica) -> None:
    replica.log.error = DatabaseLost("unlinked")
    with pytest.raises(DatabaseLost):
        replica.exchange()


def test_a_clock_that_is_set_changes_nothing(replica: Replica) -> None:
    for wall in (0.0, 4e9, 1.75e9):
        replica.clock.set_wall(wall)
        replica.run_for(5.0)
    assert 30 <= replica.log.reads <= 31


def test_without_a_hint_log_nothing_is_kept() -> None:
    sharing = HintSharing(hint_log=None, announce=lambda *_: None, clock=ManualClock())
    sharing.share(session_id(1))
    assert not sharing.is_used
    sharing.run(Event(), a_beat())  # ends at once


class BlockingHintLog(FakeHintLog):
    """A hint log that says when it is used, and may hang until it is closed."""

    interval = LONG

    def __init__(self) -> None:
        super().__init__()
        self.has_read, self.has_written, self.closed = Event(), Event(), Event()
        self.is_hanging = False

    def read(self) -> Sequence[str]:
        self.has_read.set()
        if self.is_hanging:
            self.closed.wait(LONG)
            raise LedgerError("closed")
        return super().read()

    def write(self, session_ids: Sequence[str]) -> None:
        super().write(session_ids)
        self.has_written.set()


@pytest.fixture
def blocking() -> BlockingHintLog:
    return BlockingHintLog()


@pytest.fixture
def start(blocking: BlockingHintLog) -> Callable[[], tuple[HintSharing, Event, Thread]]:
    def started() -> tuple[HintSharing, Event, Thread]:
        sharing, stop = HintSharing(hint_log=blocking, announce=lambda *_: None, clock=ManualClock()), Event()
        thread = Thread(target=sharing.run, args=(stop, a_beat()), daemon=True)
        thread.start()
        assert blocking.has_read.wait(LONG)
        return sharing, stop, thread

    return started


def test_a_hint_wakes_the_thread_and_so_does_a_stop(
    blocking: BlockingHintLog, start: Callable[[], tuple[HintSharing, Event, Thread]]
) -> None:
    sharing, stop, thread = start()
    sharing.share(session_id(1))
    assert blocking.has_written.wait(LONG / 2)
    stop.set()
    sharing.stop()
    thread.join(LONG / 2)
    assert not thread.is_alive()


def test_a_log_that_hangs_until_it_is_closed_ends_the_thread_without_a_word(
    blocking: BlockingHintLog, start: Callable[[], tuple[HintSharing, Event, Thread]]
) -> None:
    blocking.is_hanging = True
    with capture_logs() as logs:
        sharing, stop, thread = start()
        stop.set()
        sharing.stop()
        blocking.closed.set()
        thread.join(LONG)
    assert not thread.is_alive()
    assert logs == []

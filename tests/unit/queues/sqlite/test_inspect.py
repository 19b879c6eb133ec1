"""What people see of the embedded queue: its messages and dead letters, without changing or creating anything."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import START, ManualClock
from tests.unit.support.sqlite_queue import receive
from watcher.config import QueueSettings, Settings
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadReason
from watcher.queues.sqlite.inspect import open_dead_letters, search, search_dead
from watcher.queues.sqlite.queue import SqliteQueue, open_queue

CLOCK = ManualClock()


def settings(folder: Path, dead: str = "") -> Settings:
    dead_letter_url = f"sqlite:///{folder}/{dead}" if dead else ""
    return Settings(queue=QueueSettings(url=f"sqlite:///{folder}/q.db", dead_letter_url=dead_letter_url))


@pytest.fixture
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return settings(tmp_path, getattr(request, "param", ""))


ONE_FILE_OR_TWO = pytest.mark.parametrize("here", ["", "dead.db"], indirect=True)


@pytest.fixture
def queue(here: Settings, clock: ManualClock) -> Iterator[SqliteQueue]:
    """With leases of 60 seconds."""
    with closing(open_queue(here, clock)) as opened:
        yield opened


def test_where_no_queue_is_yet_nothing_is_found_and_nothing_is_created(tmp_path: Path) -> None:
    for each in (settings(tmp_path), settings(tmp_path, "dead.db"), settings(tmp_path / "missing")):
        assert [*search(each, CLOCK, "a"), *search_dead(each, "a")] == []
        with pytest.raises(QueueError, match=r"q\.db: no queue yet \(queue\.url\): `watcher enqueue` creates it"):
            open_dead_letters(each, CLOCK).__enter__()
    assert list(tmp_path.iterdir()) == []


def test_messages_are_found_by_their_text_with_the_time_of_their_lease(
    queue: SqliteQueue, here: Settings, clock: ManualClock
) -> None:
    queue.send(["s-1 leased", "s-1 waiting", "s-2"])
    receive(queue, 1)
    clock.advance(20.0)
    found = [(each.body, each.sent_at, each.receive_count, each.leased_until) for each in search(here, clock, "s-1")]
    assert found == [("s-1 leased", START, 1, START + 60.0), ("s-1 waiting", START, 0, None)]
    assert search(here, clock, "S-1") == search(here, clock, "%") == []


def test_a_message_whose_lease_has_run_out_waits(queue: SqliteQueue, here: Settings, clock: ManualClock) -> None:
    queue.send(["s-1"])
    receive(queue, 1)
    clock.advance(60.0)
    assert [each.leased_until for each in search(here, clock, "s-1")] == [None]


def test_a_lease_is_told_in_the_time_of_a_wall_clock_that_was_set(
    queue: SqliteQueue, here: Settings, clock: ManualClock
) -> None:
    queue.send(["s-1"])
    receive(queue, 1)
    clock.set_wall(START - 3600.0)
    assert [each.leased_until for each in search(here, clock, "s-1")] == [START - 3540.0]


@ONE_FILE_OR_TWO
def test_dead_letters_are_found_by_their_text(queue: SqliteQueue, here: Settings) -> None:
    queue.send(["s-1", "s-2"])
    for delivery in receive(queue, 2):
        queue.dead_letter(delivery, DeadReason.UNKNOWN_POLICY, "no policy s-1")
    (letter,) = search_dead(here, "s-1")
    assert (letter.body, letter.reason, letter.detail) == ("s-1", "unknown_policy", "no policy s-1")


@ONE_FILE_OR_TWO
def test_dead_letters_are_managed_in_the_file_that_the_settings_name(queue: SqliteQueue, here: Settings) -> None:
    queue.send(["s-1"])
    queue.dead_letter(receive(queue, 1)[0], DeadReason.UNKNOWN_POLICY, "why")
    with open_dead_letters(here, CLOCK) as letters:
        assert letters.replay(None) == 1
    with pytest.raises(QueueError, match="is closed"):
        letters.count()
    assert [each.body for each in receive(queue, 1)] == ["s-1"]

"""`watcher dead`, run as a user runs it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import START, ManualClock, run_watcher
from watcher.domain.model import DeadReason
from watcher.queues.sqlite.queue import SqliteQueue


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SqliteQueue]:
    clock = ManualClock()
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, clock)) as opened:
        opened.send(["one", "two \x1b[2J", "three"])
        clock.advance(5)
        for delivery in opened.receive(3, 0, Event()):
            opened.dead_letter(delivery, DeadReason.INVALID_SESSION_ID, "no id\nat all")
        yield opened


def bodies(queue: SqliteQueue) -> list[str]:
    return [letter.body for letter in queue.dead_letters.list(10)]


@pytest.mark.usefixtures("queue")
def test_dead_letters_are_listed_with_their_reason(tmp_path: Path) -> None:
    done = run_watcher(tmp_path, "dead", "list", "--limit", "2")
    assert done.stdout.splitlines() == [
        "1  2025-06-15T15:06:45.000Z  received 1x  invalid_session_id: no id\\nat all  one",
        "2  2025-06-15T15:06:45.000Z  received 1x  invalid_session_id: no id\\nat all  two \\x1b[2J",
    ]


@pytest.mark.usefixtures("queue")
def test_dead_letters_can_be_read_by_programs(tmp_path: Path) -> None:
    lines = run_watcher(tmp_path, "dead", "list", "--json").stdout.splitlines()
    assert START == 1_750_000_000
    assert json.loads(lines[1]) == {
        "id": "2",
        "deadAt": "2025-06-15T15:06:45.000Z",
        "sentAt": "2025-06-15T15:06:40.000Z",
        "receiveCount": 1,
        "reason": "invalid_session_id",
        "detail": "no id\nat all",
        "body": "two \x1b[2J",
    }


def test_chosen_dead_letters_are_replayed(tmp_path: Path, queue: SqliteQueue) -> None:
    done = run_watcher(tmp_path, "dead", "replay", "1", "3", "1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "replayed 2\n", "")
    assert bodies(queue) == ["two \x1b[2J"]
    assert [delivery.body for delivery in queue.receive(10, 0, Event())] == ["one", "three"]


def test_chosen_dead_letters_are_dropped_and_unknown_ids_told(tmp_path: Path, queue: SqliteQueue) -> None:
    done = run_watcher(tmp_path, "dead", "drop", "2", "99", "x")
    assert (done.returncode, done.stdout) == (1, "dropped 1\n")
    assert done.stderr == "Error: 2 of the 3 ids are not dead letters\n"
    assert bodies(queue) == ["one", "three"]


@pytest.mark.parametrize(("action", "done"), [("replay", "replayed"), ("drop", "dropped")])
def test_all_of_them_only_when_asked_for(tmp_path: Path, queue: SqliteQueue, action: str, done: str) -> None:
    for wrong in ((), ("1", "--all")):
        refused = run_watcher(tmp_path, "dead", action, *wrong)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "or give --all" in refused.stderr
    assert len(bodies(queue)) == 3
    everything = [action, "--all", *(["--yes"] if action == "drop" else [])]
    assert run_watcher(tmp_path, "dead", *everything).stdout == f"{done} 3\n"
    assert run_watcher(tmp_path, "dead", *everything).stdout == f"{done} 0\n"
    listed = run_watcher(tmp_path, "dead", "list")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "", "no dead letters\n")
    assert queue.depth().visible == (3 if action == "replay" else 0)


def test_dead_letters_in_a_file_of_their_own_are_found(tmp_path: Path) -> None:
    clock = ManualClock()
    with closing(SqliteQueue(tmp_path / "watcher.db", 60, clock, tmp_path / "dead.db")) as queue:
        queue.send(["one"])
        queue.dead_letter(queue.receive(1, 0, Event())[0], DeadReason.INVALID_MESSAGE, "why")
    url = "sqlite:///dead.db"
    assert "one" in run_watcher(tmp_path, "dead", "list", WATCHER_QUEUE__DEAD_LETTER_URL=url).stdout
    done = run_watcher(tmp_path, "dead", "replay", "--all", WATCHER_QUEUE__DEAD_LETTER_URL=url)
    assert done.stdout == "replayed 1\n"


def test_all_dead_letters_are_dropped_only_by_who_is_sure(tmp_path: Path, queue: SqliteQueue) -> None:
    refused = run_watcher(tmp_path, "dead", "drop", "--all")
    assert refused.returncode == 2
    assert "give --yes" in refused.stderr
    kept = len(queue.dead_letters.list(10))
    assert kept > 0
    assert run_watcher(tmp_path, "dead", "drop", "--all", "--yes").stdout == f"dropped {kept}\n"

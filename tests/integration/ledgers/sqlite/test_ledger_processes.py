"""Several processes on one file, and processes that are killed in the middle of their work."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.support import decision
from watcher.domain.errors import DatabaseLost
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.util.clock import SystemClock

NEVER = Event()
ROOT = Path(__file__).parents[4]

PRELUDE = """
import sys
from pathlib import Path
from threading import Event
from tests.support import decision
from watcher.util.clock import SystemClock
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue
queue = SqliteQueue(Path(sys.argv[1]), 60, SystemClock())
def ready():
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def process(path: Path, script: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that runs `script` with `queue` at hand; it is killed at the end of the block if it still lives."""
    command = [sys.executable, "-c", PRELUDE + script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        try:
            yield child
        finally:
            child.kill()


def kill_when_ready(path: Path, script: str) -> None:
    with process(path, script) as child:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        child.kill()
        assert child.wait() == -signal.SIGKILL


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "q.db"


def bodies(path: Path) -> list[str]:
    """What can be received now."""
    with closing(SqliteQueue(path, 60, SystemClock())) as queue:
        return [delivery.body for delivery in queue.receive(100, 0, NEVER)]


def test_processes_share_the_messages_between_them(path: Path) -> None:
    with closing(SqliteQueue(path, 60, SystemClock())) as queue:
        queue.send([str(number) for number in range(500)])
    script = """
ready()
while deliveries := queue.receive(7, 0, Event()):
    for delivery in deliveries:
        print(delivery.body)
    assert queue.ack([delivery.lease for delivery in deliveries]) == []
"""
    with process(path, script) as one, process(path, script) as two, process(path, script) as three:
        children = (one, two, three)
        for child in children:
            assert child.stdout
            child.stdout.readline()
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        received = [line for child in children for line in child.communicate(timeout=60)[0].split()]
        assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(map(int, received)) == list(range(500))
    assert bodies(path) == []


@pytest.mark.parametrize(
    "work",
    [
        "cursor.execute(\"INSERT INTO queue_messages (sent_at, body) VALUES (1, 'half')\")",
        'cursor.execute("DELETE FROM queue_messages")',
        "cursor.execute(\"UPDATE queue_messages SET token = 'x', visible_at = 9e9, lease_seconds = 9e9\")",
    ],
    ids=["send", "ack", "receive"],
)
def test_a_kill_in_the_middle_of_a_transaction_loses_and_doubles_nothing(path: Path, work: str) -> None:
    with closing(SqliteQueue(path, 60, SystemClock())) as queue:
        queue.send(["a", "b"])
    kill_when_ready(path, f"with queue._file.writing() as cursor:\n    {work}\n    ready()\n")
    assert bodies(path) == ["a", "b"]


def test_what_a_killed_process_had_sent_and_acked_stays_so(path: Path) -> None:
    script = """
queue.send(["acked", "leased"])
queue.ack([queue.receive(1, 0, Event())[0].lease])
queue.receive(1, 0, Event())
queue.send(["waiting"])
ready()
"""
    kill_when_ready(path, script)
    with closing(SqliteQueue(path, 60, SystemClock())) as queue:
        assert (queue.depth().visible, queue.depth().leased) == (1, 1)
    assert bodies(path) == ["waiting"]


def test_processes_that_decide_at_once_all_get_the_one_that_stands(path: Path) -> None:
    script = """
ledger = SqliteLedger(Path(sys.argv[1]), SystemClock())
ready()
for number in range(50):
    print(ledger.record([(decision(number, sys.argv[0] + str(id(ready))), "[]")])[0].event.body)
"""
    with process(path, script) as one, process(path, script) as two:
        for child in (one, two):
            assert child.stdout
            child.stdout.readline()
        for child in (one, two):
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        seen = [child.communicate(timeout=60)[0].split() for child in (one, two)]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 50


def test_a_decision_outlives_the_process_and_one_half_written_does_not(path: Path) -> None:
    script = """
ledger = SqliteLedger(Path(sys.argv[1]), SystemClock())
ledger.record([(decision(1, "live"), "[]")])
with ledger._file.writing() as cursor:
    cursor.execute("UPDATE ledger_entries SET body = 'changed'")
    cursor.execute("INSERT INTO ledger_entries SELECT 9, 'x', policy, 1, 1, body, trail FROM ledger_entries")
    ready()
"""
    kill_when_ready(path, script)
    with closing(SqliteLedger(path, SystemClock())) as ledger:
        assert [entry.event for entry in ledger.recent(10)] == [decision(1, "live")]


def test_the_close_after_a_loss_leaves_the_files_of_others_alone(path: Path) -> None:
    with closing(SqliteQueue(path, 60, SystemClock())) as queue:
        queue.send(["mine"])
        for suffix in ("-wal", "-shm"):
            path.with_name(f"{path.name}{suffix}").unlink()
        # Before we notice, another process makes new files, and accepts a message.
        script = "queue.send(['accepted']); queue.close(); print('ready')"
        with process(path, script) as child:
            assert child.communicate()[0] == "ready\n"
        with pytest.raises(DatabaseLost, match="was removed or replaced"):
            queue.send(["too late"])
    assert "accepted" in bodies(path)

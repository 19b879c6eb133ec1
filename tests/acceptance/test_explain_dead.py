"""`watcher explain` of a session whose message was buried."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import ManualClock, decision, run_watcher, session_id
from watcher.domain.model import DeadReason
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue

DeadLetterIt = Callable[..., None]

BODY = json.dumps({"sessionId": session_id(1), "policy": "nope"})
REPLAY = "  to put it back on the queue once that is fixed: watcher dead replay 2"


@pytest.fixture
def dead_letter(tmp_path: Path) -> DeadLetterIt:
    """Bury another session's message and this one's, five seconds after they were sent."""

    def buried(dead_letter_file: str | None = None) -> None:
        clock = ManualClock()
        path = tmp_path / dead_letter_file if dead_letter_file else None
        with closing(SqliteQueue(tmp_path / "watcher.db", 60, clock, path)) as queue:
            queue.send([session_id(2), BODY])
            clock.advance(5)
            for delivery in queue.receive(2, 0, Event()):
                queue.dead_letter(delivery, DeadReason.UNKNOWN_POLICY, "policy 'nope' \x1b[2J")

    return buried


@pytest.mark.parametrize("file", [None, "dead.db"])
def test_a_dead_lettered_session_is_told_with_when_why_and_how_to_replay_it(
    tmp_path: Path, dead_letter: DeadLetterIt, file: str | None
) -> None:
    dead_letter(file)
    url = f"sqlite:///{file}" if file else ""
    done = run_watcher(tmp_path, "explain", session_id(1), WATCHER_QUEUE__DEAD_LETTER_URL=url)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "dead-lettered as 2  2025-06-15T15:06:45.000Z  received 1x  unknown_policy: policy 'nope' \\x1b[2J  " + BODY,
        REPLAY,
    ]
    command = REPLAY.partition("watcher ")[2].split()
    assert run_watcher(tmp_path, *command, WATCHER_QUEUE__DEAD_LETTER_URL=url).stdout == "replayed 1\n"
    done = run_watcher(tmp_path, "explain", session_id(1), WATCHER_QUEUE__DEAD_LETTER_URL=url)
    assert done.stdout.startswith("on the queue: message ")


def test_a_program_is_told_too(tmp_path: Path, dead_letter: DeadLetterIt) -> None:
    dead_letter()
    told = json.loads(run_watcher(tmp_path, "explain", "--json", session_id(1)).stdout)
    (letter,) = told["deadLetters"]
    assert (letter["id"], letter["reason"], letter["body"]) == ("2", "unknown_policy", BODY)
    assert letter["deadAt"] == "2025-06-15T15:06:45.000Z"
    assert (told["decisions"], told["queued"]) == ([], [])
    (listed,) = run_watcher(tmp_path, "dead", "list", "--json").stdout.splitlines()[1:]
    assert json.loads(listed) == letter


def test_a_session_that_was_decided_and_dead_lettered_has_both(tmp_path: Path, dead_letter: DeadLetterIt) -> None:
    dead_letter()
    with closing(SqliteLedger(tmp_path / "watcher.db", ManualClock())) as ledger:
        ledger.record([(decision(1), "[]")])
    lines = run_watcher(tmp_path, "explain", session_id(1)).stdout.splitlines()
    assert lines[0] == f"session {session_id(1)}, policy default"
    assert lines[-1] == REPLAY


def test_a_look_for_dead_letters_makes_no_file(tmp_path: Path, dead_letter: DeadLetterIt) -> None:
    dead_letter()
    done = run_watcher(tmp_path, "explain", session_id(1), WATCHER_QUEUE__DEAD_LETTER_URL="sqlite:///dead.db")
    assert done.returncode == 1
    assert done.stderr.endswith(f"{session_id(1)}: not decided, not on the queue, no dead letter\n")
    assert not (tmp_path / "dead.db").exists()


def test_what_sqs_may_have_is_not_denied(tmp_path: Path, dead_letter: DeadLetterIt) -> None:
    dead_letter()
    sqs = {
        "AWS_REGION": "us-east-1",
        "WATCHER_QUEUE__URL": "https://sqs.us-east-1.amazonaws.com/123456789012/sessions",
        "WATCHER_LEDGER__URL": "sqlite:///watcher.db",
    }
    done = run_watcher(tmp_path, "explain", session_id(1), stdin=b"", **sqs)
    assert (done.returncode, done.stdout) == (1, "")
    assert "it may wait there, or be a dead letter: see `watcher dead list`" in done.stderr


def test_no_id_is_not_every_id(tmp_path: Path, dead_letter: DeadLetterIt) -> None:
    """A script's variable that is not set must not show the messages of others."""
    dead_letter(None)
    done = run_watcher(tmp_path, "explain", "")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the session id is empty" in done.stderr

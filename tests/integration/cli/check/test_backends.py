"""What the doctor says of queue, dead letters and ledger."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from prometheus_client import CollectorRegistry

from tests.integration.support.doctor import by_subject, settings
from tests.support import ManualClock, decision, session_id
from watcher.cli.check.backends import check_ledger, check_queue
from watcher.cli.check.finding import ok
from watcher.config import sqlite_path
from watcher.domain.model import DeadReason, DecisionEvent
from watcher.ledgers import open_ledger
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.memory_reader import answer
from watcher.queues import open_queue
from watcher.queues.sqlite.queue import SqliteQueue
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, SystemClock())) as queue:
        yield queue


def test_a_queue_that_is_not_there_yet_will_be_created_and_is_not(tmp_path: Path) -> None:
    found = [
        *check_queue(settings(), SystemClock(), offline=True),
        *check_ledger(settings(), SystemClock(), offline=True),
    ]
    assert [finding.level for finding in found] == ["ok", "ok"]
    assert all("will be created" in finding.what for finding in found)
    assert list(tmp_path.iterdir()) == []


def test_dead_letters_in_a_file_of_their_own_are_not_created(queue: SqliteQueue, tmp_path: Path) -> None:
    given = settings(queue__dead_letter_url="sqlite:///dead.db")
    found = by_subject(check_queue(given, SystemClock(), offline=False))
    assert found["dead letters"].what == "sqlite:///dead.db: will be created"
    assert not (tmp_path / "dead.db").exists()


def test_a_queue_without_its_folder_has_failed() -> None:
    found = list(check_queue(settings(queue__url="sqlite:////no/such/folder/x.db"), SystemClock(), offline=True))
    assert [finding.level for finding in found] == ["failed"]
    assert "/no/such/folder" in found[0].what


def test_a_folder_that_cannot_be_written_in_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # for root every folder can be written in
    assert [finding.level for finding in check_ledger(settings(), SystemClock(), offline=True)] == ["failed"]


def test_a_file_that_is_no_database_has_failed(tmp_path: Path) -> None:
    (tmp_path / "watcher.db").write_text("something else " * 100)
    found = [
        *check_queue(settings(), SystemClock(), offline=True),
        *check_ledger(settings(), SystemClock(), offline=True),
    ]
    assert [finding.level for finding in found] == ["failed", "failed"]
    assert all("not an SQLite database" in finding.line for finding in found)


def test_the_queue_is_counted_and_left_as_it_was(queue: SqliteQueue) -> None:
    queue.send([session_id(1), session_id(2)])
    found = by_subject(check_queue(settings(), SystemClock(), offline=True))
    assert found["queue"] == ok("queue", "sqlite:///watcher.db: 2 waiting, 0 leased")
    assert found["dead letters"] == ok("dead letters", "none")
    assert queue.depth().visible == 2


def test_a_message_that_outlived_its_session_is_a_warning(tmp_path: Path) -> None:
    clock = ManualClock()
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, clock)) as queue:
        queue.send([session_id(1)])
        clock.advance(180)
        assert by_subject(check_queue(settings(), clock, offline=True))["queue"].level == "ok"
        clock.advance(1)
        assert by_subject(check_queue(settings(), clock, offline=True))["queue"].level == "warning"


def test_dead_letters_are_a_warning_that_says_how_to_see_them(queue: SqliteQueue) -> None:
    queue.send(["nonsense"])
    queue.dead_letter(queue.receive(1, 0.0, Event())[0], DeadReason.INVALID_MESSAGE, "no session id")
    dead = by_subject(check_queue(settings(), SystemClock(), offline=True))["dead letters"]
    assert (dead.level, dead.what) == ("warning", "1 message that can't be served")
    assert "`watcher dead list`" in dead.fix


def test_looking_at_the_ledger_leaves_no_entry(queue: SqliteQueue) -> None:
    found = [(each.subject, each.level) for each in check_ledger(settings(), SystemClock(), offline=True)]
    assert found == [("ledger", "ok"), ("hints", "ok")]
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        assert list(ledger.recent(10)) == []


def decided(*reasons: str) -> None:
    """Decisions with these reasons, on the ledger of the default settings."""
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        for number, reason in enumerate(reasons):
            event = decision(number)
            body = json.dumps(json.loads(event.body) | {"data": {**json.loads(event.body)["data"], "reason": reason}})
            ledger.record([(DecisionEvent(event.key, body), "[]")])


def test_many_ids_that_aws_did_not_know_are_a_warning_with_their_share(queue: SqliteQueue) -> None:
    decided(*["session_not_found"] * 300, *["confidence_met"] * 150, *["session_not_found"] * 50)
    [found] = [each for each in check_ledger(settings(), SystemClock(), offline=True) if each.level != "ok"]
    assert (found.level, found.subject) == ("warning", "session ids")
    assert found.what == "AWS did not know 25% of the session ids among the last 200 decisions"
    assert "aws.region" in found.fix


@pytest.mark.parametrize(("unknown", "known"), [(19, 0), (2, 18), (0, 30), (0, 0)])
def test_few_decisions_and_few_unknown_ids_are_no_warning(queue: SqliteQueue, unknown: int, known: int) -> None:
    decided(*["session_not_found"] * unknown, *["confidence_met"] * known)
    assert {each.level for each in check_ledger(settings(), SystemClock(), offline=True)} == {"ok"}


HINT = '[{"at": 1, "event": "received"}, {"at": 2, "event": "hint", "source": "s3"}, {"at": 3, "event": "poll"}]'
POLLED = '[{"at": 1, "event": "received"}, {"at": 3, "event": "poll", "result": "hint"}]'


def test_hints_are_searched_for_in_the_last_50_decisions(queue: SqliteQueue) -> None:
    trails = [HINT] * 30 + [POLLED] * 13 + [HINT] * 37
    with closing(open_ledger(settings(), SystemClock())) as ledger:
        ledger.record([(decision(number), trail) for number, trail in enumerate(trails)])
    found = by_subject(check_ledger(settings(), SystemClock(), offline=True))["hints"]
    assert (found.level, found.what) == ("ok", "37 of the last 50 decisions had a hint in time")


def test_without_a_ledger_the_running_watcher_is_asked_for_hints() -> None:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    ledger = MemoryLedger(ManualClock())
    server.show_decisions(partial(answer, ledger))
    given = settings(ledger__url="none", http__port=str(server.port))
    try:
        first = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
        ledger.record([(decision(1), HINT), (decision(2), POLLED)])
        second = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
    finally:
        server.close()
        thread.join()
    assert (first.level, first.what) == ("ok", "no decisions yet")
    assert (second.level, second.what) == ("ok", "1 of the last 2 decisions had a hint in time")
    after = by_subject(check_ledger(given, SystemClock(), offline=False))["hints"]
    assert after.level == "ok"
    assert after.what.startswith("the running watcher can't be asked: ")
    assert "is `watcher run` running on this machine?" in after.what


def test_a_ledger_that_keeps_nothing_is_a_warning() -> None:
    found = by_subject(check_ledger(settings(ledger__url="none", http__port="0"), SystemClock(), offline=True))
    assert {name: finding.level for name, finding in found.items()} == {"ledger": "warning", "hints": "ok"}
    assert "http.port = 0 is any free port" in found["hints"].what


def test_queue_and_ledger_files_that_others_can_read_are_warned_of(tmp_path: Path) -> None:
    given = settings(ledger__url=f"sqlite:///{tmp_path}/l.db", queue__dead_letter_url=f"sqlite:///{tmp_path}/d.db")
    open_queue(given, SystemClock()).close()
    open_ledger(given, SystemClock()).close()
    for name in ("l.db", "d.db"):
        (tmp_path / name).chmod(0o644)
    sqlite_path(given.queue.url).chmod(0o644)
    findings = [*check_queue(given, SystemClock(), offline=True), *check_ledger(given, SystemClock(), offline=True)]
    assert [finding.subject for finding in findings if "mode 0644" in finding.what] == [
        "queue file",
        "dead letters",
        "ledger file",
    ]

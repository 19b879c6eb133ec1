"""Where an undecided session is. Whether a watcher listens takes a socket: `tests/acceptance/test_wait.py`."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from tests.support import ManualClock, session_id
from watcher.cli.wait.location import UNKNOWN, UNSEARCHABLE, Location, locate, undecided
from watcher.config import Settings, load
from watcher.domain.model import DEFAULT_POLICY, DeadReason, SessionKey
from watcher.queues.sqlite.queue import SqliteQueue

ID = session_id(1)
WAITS = "its message waits on the queue, sent "


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queue(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteQueue]:
    with closing(SqliteQueue(tmp_path / "watcher.db", 60.0, clock)) as queue:
        yield queue


def settings(folder: Path, **given: str) -> Settings:
    """With the queue in this folder, and no port at which a watcher could be."""
    own = {"queue.url": f"sqlite:///{folder}/watcher.db", "http.port": "0"}
    policies = {"decision.policies": '{"payout": {"threshold": 95}}'}
    return load(
        None, own | policies | {key.replace("__", "."): text for key, text in given.items()}, {}, folder
    ).settings


def where(folder: Path, clock: ManualClock, policy: str = DEFAULT_POLICY) -> Location:
    return locate(settings(folder), clock, SessionKey(ID, policy))


def dead_letter(queue: SqliteQueue, detail: str = "no such policy") -> None:
    """Dead-letter the oldest message."""
    (message,) = queue.receive(1, 0.0, Event())
    queue.dead_letter(message, DeadReason.UNKNOWN_POLICY, detail)


def test_without_a_queue_or_a_message_it_is_unknown_and_waiting_is_no_use(
    tmp_path: Path, clock: ManualClock, request: pytest.FixtureRequest
) -> None:
    assert where(tmp_path, clock) == Location(UNKNOWN, is_final=True)
    assert list(tmp_path.iterdir()) == []
    request.getfixturevalue("queue").send([session_id(2)])
    assert where(tmp_path, clock) == Location(UNKNOWN, is_final=True)


def test_a_message_that_waits_says_since_when(tmp_path: Path, clock: ManualClock, queue: SqliteQueue) -> None:
    queue.send([ID])
    clock.advance(7.0)
    queue.send([json.dumps({"sessionId": ID})])
    clock.advance(3.0)
    assert where(tmp_path, clock) == Location(f"{WAITS}3 s ago")


def test_a_clock_that_was_set_back_makes_no_negative_time(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue
) -> None:
    queue.send([ID])
    clock.set_wall(clock.time() - 1000.0)
    assert where(tmp_path, clock) == Location(f"{WAITS}0 s ago")


def test_a_message_that_a_watcher_holds_says_until_when(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue
) -> None:
    queue.send([ID, ID])
    queue.receive(1, 0.0, Event())
    clock.advance(20.0)
    assert where(tmp_path, clock) == Location("a watcher holds its message, leased for 40 s more")


def test_a_dead_letter_ends_the_wait_with_its_reason_and_the_way_back(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue
) -> None:
    queue.send([ID])
    dead_letter(queue, "policy 'gone'\x1b[2J")
    words = "dead letter 1, unknown_policy: policy 'gone'\\x1b[2J; once that is fixed: watcher dead replay 1"
    assert where(tmp_path, clock) == Location(words, is_final=True)
    queue.send([ID])
    assert where(tmp_path, clock) == Location(f"{WAITS}0 s ago")


def test_another_policy_is_named_and_does_not_count_as_found(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue
) -> None:
    queue.send([json.dumps({"sessionId": ID, "policy": "payout"})])
    words = "under policy payout: give that as --policy"
    assert where(tmp_path, clock) == Location(f"on the queue {words}", is_final=True)
    assert where(tmp_path, clock, "payout") == Location(f"{WAITS}0 s ago")
    dead_letter(queue)
    assert where(tmp_path, clock) == Location(f"dead letter {words}", is_final=True)


def test_nobody_waits_for_a_policy_that_is_not_in_the_settings(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue
) -> None:
    unknown = "policy 'old' is unknown (known: default, payout): add [decision.policies.NAME] for it"
    assert where(tmp_path, clock, "old") == Location(unknown, is_final=True)
    queue.send([json.dumps({"sessionId": ID, "policy": "old"})])
    assert where(tmp_path, clock, "old") == Location(f"{WAITS}0 s ago")
    dead_letter(queue, "it is unknown")
    assert where(tmp_path, clock, "old").words.startswith("dead letter 1, unknown_policy: it is unknown")


def test_a_message_that_is_damaged_may_be_the_one(tmp_path: Path, clock: ManualClock, queue: SqliteQueue) -> None:
    queue.send([f'{{"sessionId": "{ID}", '])
    assert where(tmp_path, clock) == Location(f"{WAITS}0 s ago")
    dead_letter(queue)
    assert where(tmp_path, clock).words.startswith("dead letter 1, ")


@pytest.mark.parametrize(
    "body",
    [
        {"sessionId": session_id(2), "context": {"of": ID}},
        {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"object": {"key": ID}}}]},
    ],
)
def test_a_message_that_only_names_the_id_is_not_its_message(
    tmp_path: Path, clock: ManualClock, queue: SqliteQueue, body: dict[str, object]
) -> None:
    queue.send([json.dumps(body)])
    assert where(tmp_path, clock) == Location(UNKNOWN, is_final=True)
    dead_letter(queue)
    assert where(tmp_path, clock) == Location(UNKNOWN, is_final=True)


def test_a_queue_that_can_not_be_read_ends_no_wait(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "watcher.db").write_text("something else " * 100)
    found = where(tmp_path, clock)
    assert not found.is_final
    assert found.words.startswith("the queue can't be searched: ")


def test_a_queue_on_sqs_can_not_be_searched_and_ends_no_wait(tmp_path: Path, clock: ManualClock) -> None:
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"
    at_aws = settings(tmp_path, queue__url=url, ledger__url="sqlite:///l.db")
    assert locate(at_aws, clock, SessionKey(ID, DEFAULT_POLICY)) == Location(UNSEARCHABLE)
    unknown = "policy 'old' is unknown (known: default, payout): add [decision.policies.NAME] for it"
    assert locate(at_aws, clock, SessionKey(ID, "old")) == Location(unknown, is_final=True)


def test_without_a_ledger_only_one_watcher_was_asked(tmp_path: Path, clock: ManualClock) -> None:
    alone = settings(tmp_path, ledger__url="none", http__port="9464", http__host="127.1")
    asked = "not decided by the watcher at http://127.0.0.1:9464"
    assert (undecided(alone), undecided(settings(tmp_path))) == (asked, "not decided")
    words = UNKNOWN.replace("not decided", asked)
    assert locate(alone, clock, SessionKey(ID, DEFAULT_POLICY)) == Location(words, is_final=True)

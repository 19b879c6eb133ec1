"""What the hint log asks of DynamoDB: how much, how often, and when it finds other replicas."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.integration.support.scripted_dynamodb import WRITTEN, Script, answer, refusal
from tests.moto import CREDENTIALS
from tests.stack import create_stack
from tests.support import START, ManualClock, session_id
from watcher.config import Settings
from watcher.domain.errors import LedgerError
from watcher.ledgers import open_hint_log
from watcher.ledgers.dynamodb.hint_log import TIMING, DynamoDbHintLog

SETTLED = TIMING.newcomer + TIMING.alone
"""Seconds after which a replica without others knows that it is alone."""


class Table:
    """The items of a table, and what was asked of it."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.script = Script([], respond=self._respond)

    def _respond(self, operation: str, request: dict[str, Any]) -> tuple[int, bytes]:
        if operation == "PutItem":
            self.items[request["Item"]["policy"]["S"]] = request["Item"]
            return answer(WRITTEN)
        values = request["ExpressionAttributeValues"]
        first, last = values[":first"]["S"], values[":last"]["S"]
        found = [self.items[place] for place in sorted(self.items) if first <= place <= last]
        return answer({"Items": found, "Count": len(found)})


class Fleet:
    """Replicas on one table, each with a clock of its own that runs with the others."""

    def __init__(self, opened: ExitStack) -> None:
        self.table = Table()
        self._opened = opened
        self._replicas: dict[str, tuple[DynamoDbHintLog, ManualClock]] = {}
        self._read_at: dict[str, float] = {}
        self.found: dict[str, list[tuple[float, str]]] = {}
        self.now = 0.0

    def start(self, name: str, wrong_by: float = 0.0) -> None:
        """One more replica, whose clock is wrong."""
        clock = ManualClock(START + self.now + wrong_by)
        log = self._opened.enter_context(closing(DynamoDbHintLog(self.table.script.client(), "decided", clock)))
        self._replicas[name] = log, clock
        self._read_at[name] = self.now
        self.found[name] = []

    def stop(self, name: str) -> None:
        del self._replicas[name], self._read_at[name]

    def write(self, name: str, number: int) -> None:
        self._replicas[name][0].write([session_id(number)])

    def run(self, seconds: float) -> Counter[str]:
        """Let each read when it wants to; returns how often what was asked of the table."""
        before, end = len(self.table.script.requests), self.now + seconds
        while (next_at := min(self._read_at.values())) <= end:
            self._pass(max(0.0, next_at - self.now))
            name = min(self._read_at, key=self._read_at.__getitem__)
            log = self._replicas[name][0]
            self.found[name] += [(self.now, found) for found in log.read()]
            self._read_at[name] = self.now + log.interval
        self._pass(end - self.now)
        return Counter(operation for operation, _ in self.table.script.requests[before:])

    def intervals(self) -> list[float]:
        return [log.interval for log, _ in self._replicas.values()]

    def _pass(self, seconds: float) -> None:
        self.now += seconds
        for _, clock in self._replicas.values():
            clock.advance(seconds)


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with ExitStack() as opened:
        yield Fleet(opened)


def test_a_single_replica_costs_two_reads_and_two_writes_a_minute(fleet: Fleet) -> None:
    fleet.start("one")
    fleet.run(SETTLED)
    asked = fleet.run(600)
    assert 19 <= asked["Query"] <= 21
    assert 19 <= asked["PutItem"] <= 21
    fleet.write("one", 1)
    assert fleet.run(0.1)["PutItem"] == 0
    assert not any("-" in item["sessions"]["S"] for item in fleet.table.items.values())


@pytest.mark.parametrize("count", [2, 4])
def test_replicas_that_start_at_the_same_moment_pass_hints_at_once_and_from_then_on(fleet: Fleet, count: int) -> None:
    names = [f"r{number}" for number in range(count)]
    for name in names:
        fleet.start(name)
    for number in range(1, 5):
        fleet.write(names[number % count], number)
        written = fleet.now
        asked = fleet.run(60.0)
        assert asked["Query"] == pytest.approx(120 * count, abs=2 * count)
        for name in names:
            times = [at - written for at, found in fleet.found[name] if found == session_id(number)]
            assert times == ([] if name == names[number % count] else [pytest.approx(0.25, abs=0.26)])


def test_a_replica_that_joins_a_single_one_is_found_within_half_a_minute(fleet: Fleet) -> None:
    fleet.start("old")
    fleet.run(SETTLED + 7)
    assert fleet.intervals() == [TIMING.alone]
    fleet.start("new")
    fleet.run(0.2)
    fleet.write("new", 1)
    written = fleet.now
    fleet.run(TIMING.alone)
    assert fleet.intervals() == [TIMING.interval] * 2
    assert [found for _, found in fleet.found["old"]] == [session_id(1)]
    assert fleet.found["old"][0][0] - written <= TIMING.alone
    fleet.write("old", 2)
    fleet.write("new", 3)
    fleet.run(0.5)
    assert (fleet.found["new"][-1][1], fleet.found["old"][-1][1]) == (session_id(2), session_id(3))


def test_a_replica_that_joins_several_is_found_at_once(fleet: Fleet) -> None:
    fleet.start("one")
    fleet.start("two")
    fleet.run(SETTLED)
    fleet.start("new")
    fleet.write("new", 1)
    fleet.write("one", 2)
    fleet.run(0.5)
    assert [[found for _, found in fleet.found[name]] for name in ("one", "two", "new")] == [
        [session_id(1)],
        [session_id(1), session_id(2)],
        [session_id(2)],
    ]


def test_who_is_left_alone_notices_that_and_costs_next_to_nothing_again(fleet: Fleet) -> None:
    fleet.start("one")
    fleet.start("two")
    fleet.run(60)
    fleet.stop("two")
    fleet.run(TIMING.others_last - TIMING.presence - 1)
    assert fleet.intervals() == [TIMING.interval]
    fleet.run(TIMING.presence + TIMING.tolerance + 2)
    assert fleet.intervals() == [TIMING.alone]
    assert fleet.run(60)["Query"] <= 3


@pytest.mark.parametrize("wrong_by", [-4.0, 4.0])
def test_clocks_may_differ_by_a_few_seconds(fleet: Fleet, wrong_by: float) -> None:
    fleet.start("right")
    fleet.start("wrong", wrong_by)
    fleet.run(SETTLED)
    for number in range(1, 20):
        fleet.write("right", number)
        fleet.write("wrong", 100 + number)
        fleet.run(0.6)
    assert {found for _, found in fleet.found["wrong"]} == {session_id(number) for number in range(1, 20)}
    assert {found for _, found in fleet.found["right"]} == {session_id(100 + number) for number in range(1, 20)}


def test_what_a_wrong_clock_has_written_keeps_no_one_busy(fleet: Fleet) -> None:
    """Items of the future would be read with every read, until then."""
    fleet.start("wrong", 86_400.0)
    fleet.run(1)
    fleet.stop("wrong")
    fleet.start("right")
    fleet.run(SETTLED)
    assert fleet.intervals() == [TIMING.alone]


def test_an_item_is_in_no_index_and_expires_in_minutes() -> None:
    script = Script([answer(WRITTEN)])
    with closing(DynamoDbHintLog(script.client(), "decided", ManualClock())) as log:
        log.write([session_id(1), session_id(2)])
    ((operation, request),) = script.requests
    place = request["Item"].pop("policy")["S"]
    assert (operation, request["Item"]) == (
        "PutItem",
        {
            "sessionId": {"S": "watcher.hints"},
            "expiresAt": {"N": str(int(START) + TIMING.life)},
            "sessions": {"S": f"{session_id(1)} {session_id(2)}"},
        },
    )
    assert place.startswith(f"{int(START * 1e6):017d}-")


def test_a_flood_in_one_item_stays_below_the_limit() -> None:
    script = Script([answer(WRITTEN)])
    with closing(DynamoDbHintLog(script.client(), "decided", ManualClock())) as log:
        log.write([session_id(number) for number in range(1000)])
    ((_, request),) = script.requests
    assert len(str(request["Item"])) < 40_000


@pytest.mark.parametrize("operation", ["PutItem", "Query"])
def test_a_role_that_may_not_is_told_with_the_fix(operation: str) -> None:
    denied = refusal("AccessDeniedException", f"not authorized to perform: dynamodb:{operation}")
    script = Script([], respond=lambda asked, _: denied if asked == operation else answer(WRITTEN))
    with (
        closing(DynamoDbHintLog(script.client(), "decided", ManualClock())) as log,
        pytest.raises(LedgerError, match=rf"'decided'.*allow dynamodb:{operation} on this table"),
    ):
        log.read()


def test_a_failed_read_loses_no_hint(fleet: Fleet) -> None:
    fleet.start("one")
    fleet.start("two")
    fleet.run(1)
    fleet.write("one", 1)
    script, respond = fleet.table.script, fleet.table.script.respond
    script.respond = lambda *_: refusal("InternalServerError", status=400)
    with pytest.raises(LedgerError):
        fleet.run(1)
    script.respond = respond
    fleet.run(20)
    assert [found for _, found in fleet.found["two"]] == [session_id(1)]


def test_the_settings_of_the_ledger_open_it(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": moto_server}.items():
        monkeypatch.setenv(name, value)
    url = create_stack(moto_server)["LedgerUrl"]
    settings = Settings.model_validate({"ledger": {"url": url}, "aws": {"region": "us-east-1"}})
    one, two = (open_hint_log(settings, ManualClock()) for _ in range(2))
    assert one is not None
    assert two is not None
    with closing(one), closing(two):
        one.write([session_id(1)])
        assert list(two.read()) == [session_id(1)]

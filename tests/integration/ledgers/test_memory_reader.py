"""Reading the memory of a running watcher, over its HTTP port."""

import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client import CollectorRegistry

from tests.support import ManualClock, decision, session_id
from tests.unit.support.fakes import PATIENCE
from watcher.config import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.model import SessionKey
from watcher.domain.ports import DecisionReader
from watcher.ledgers import open_reader
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.memory_reader import LIMITS, answer
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(ManualClock())


@pytest.fixture
def server() -> Iterator[HealthServer]:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    yield server
    server.close()
    thread.join(PATIENCE)


def reader_of(port: int) -> closing[DecisionReader]:
    settings = Settings.model_validate({"ledger": {"url": "none"}, "http": {"port": port}})
    return closing(open_reader(settings, ManualClock()))


def test_everything_is_read_page_by_page_and_then_what_is_new(server: HealthServer, ledger: MemoryLedger) -> None:
    server.show_decisions(partial(answer, ledger))
    count = 2 * LIMITS.page + 1
    with reader_of(server.port) as reader:
        assert reader.recent(5) == []
        recorded = list(ledger.record([(decision(number), "[1]") for number in range(count)]))
        assert reader.recent(count + 5) == recorded
        assert reader.recent(3) == recorded[-3:]
        assert reader.recent(3, session_id(7)) == [recorded[7]]
        recorded += ledger.record([(decision(count), "[]"), (decision(0, "not_live"), "[]")])[:1]
        assert reader.after(recorded[-3].sequence, 1) == [recorded[-2]]
        assert reader.after(recorded[-3].sequence, 5) == recorded[-2:]
        missing = SessionKey(session_id(count), "payout")
        assert reader.find([recorded[-1].event.key, missing]) == {recorded[-1].event.key: recorded[-1]}


def test_no_more_is_kept_than_the_watcher_keeps(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.ledgers.memory_reader.CAPACITY", 5)
    ledger = MemoryLedger(ManualClock(), capacity=5)
    server.show_decisions(partial(answer, ledger))
    with reader_of(server.port) as reader:
        for begin in range(0, 12, 4):
            ledger.record([(decision(number), "[]") for number in range(begin, begin + 4)])
            assert reader.recent(100) == ledger.recent(100)


def test_deliveries_and_the_ack_are_read_too(server: HealthServer, ledger: MemoryLedger) -> None:
    server.show_decisions(partial(answer, ledger))
    event = decision(1)
    ledger.record([(event, "[]")])
    ledger.mark_delivered([event.key], "a")
    ledger.mark_acked([event.key])
    with reader_of(server.port) as reader:
        assert reader.recent(1) == ledger.recent(1)


def test_a_watcher_with_another_ledger_says_where_its_decisions_are(server: HealthServer) -> None:
    with reader_of(server.port) as reader, pytest.raises(LedgerError, match="HTTP 404: no watcher with this ledger"):
        reader.recent(1)
    with pytest.raises(HTTPError) as caught, urlopen(f"http://127.0.0.1:{server.port}/decisions.json?after=0"):
        pass
    with caught.value as reply:
        assert reply.read() == b"the ledger has the decisions: `watcher decisions` shows them\n"


@pytest.mark.parametrize(
    "headers", [{"Host": "watcher.example"}, {"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}]
)
def test_only_clients_on_the_same_machine_get_decisions(
    server: HealthServer, ledger: MemoryLedger, headers: dict[str, str]
) -> None:
    ledger.record([(decision(1), "[]")])
    server.show_decisions(partial(answer, ledger))
    request = Request(f"http://127.0.0.1:{server.port}/decisions.json?after=0", headers=headers)
    with pytest.raises(HTTPError) as caught, urlopen(request):  # noqa: S310
        pass
    with caught.value as reply:
        assert (reply.status, session_id(1) in reply.read().decode()) == (403, False)


def test_a_query_that_can_not_be_answered_is_a_bad_request(server: HealthServer, ledger: MemoryLedger) -> None:
    server.show_decisions(partial(answer, ledger))
    with pytest.raises(HTTPError) as caught, urlopen(f"http://127.0.0.1:{server.port}/decisions.json?limit=5"):
        pass
    with caught.value as reply:
        assert (reply.status, b"?after=0" in reply.read()) == (400, True)


@pytest.mark.parametrize("text", [b"{}", b"no JSON", b'[{"event": null}]', b"\xff"])
def test_an_answer_that_is_not_a_watchers_is_an_error(server: HealthServer, text: bytes) -> None:
    server.show_decisions(lambda _query: text)
    with reader_of(server.port) as reader, pytest.raises(LedgerError, match="not a watcher's of this version"):
        reader.recent(1)


def test_where_no_watcher_runs_the_error_asks_for_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with reader_of(port) as reader, pytest.raises(LedgerError, match=r"refused; is `watcher run` running"):
            reader.find([SessionKey(session_id(1), "default")])

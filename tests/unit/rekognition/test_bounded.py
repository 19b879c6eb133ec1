"""The deadline of a call, on a clock of the test's own: what each operation gets, and when a call begins."""

from typing import Any

import pytest
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

from watcher.aws import bounded
from watcher.aws.bounded import BoundedCalls

CONNECT, READ = 5.0, 10.0


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Socket:
    """Remembers the time-out that it was given last."""

    timeout: float | None = None

    def gettimeout(self) -> float | None:
        return self.timeout

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds


class Plain:
    """What urllib3's connection does, as far as it matters here."""

    sock: Socket | None = None
    timeout: float | None = CONNECT
    socket_options = None
    _dns_host = "rekognition.example"
    port = 443
    connecting = 0.0

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sent_within: list[float | None] = []

    def connect(self) -> None:
        self.sock = self._new_conn()
        self.clock.now += self.connecting

    def _new_conn(self) -> Any:
        return Socket()

    def request(self) -> None:
        self.send(b"head")
        self.send(b"body")

    def send(self, data: bytes) -> None:
        if self.sock is None:
            self.connect()
        assert self.sock is not None
        self.sent_within.append(self.sock.timeout)
        self.clock.now += len(data) / 4


class Connection(BoundedCalls, Plain):  # type: ignore[misc] # as with urllib3's, the mixin narrows what it overrides
    connect_limit = CONNECT
    read_limit = READ


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bounded, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def connection(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(bounded, "connect_to_any", lambda *_: Socket())
    return Connection(clock)


def left(connection: Any) -> float | None:
    """What the next read may take."""
    connection.timeout = READ
    connection._arm(connection.sock)
    timeout: float | None = connection.sock.timeout
    return timeout


def test_connecting_counts_towards_the_call(clock: Clock, connection: Any) -> None:
    connection.connecting = 4.0
    connection.connect()
    connection.request()
    clock.now += 3.0
    assert left(connection) == pytest.approx(CONNECT + READ - 4.0 - 2.0 - 3.0)


def test_a_tls_handshake_gets_what_connecting_has_left_over(
    clock: Clock, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> Socket:
        clock.now += 3.0
        return Socket()

    monkeypatch.setattr(bounded, "connect_to_any", slow)
    connection._deadline = clock.now + CONNECT
    assert connection._new_conn().timeout == pytest.approx(CONNECT - 3.0)


def test_each_part_of_a_request_gets_what_is_left_of_the_call(clock: Clock, connection: Any) -> None:
    connection.timeout = None
    connection.connecting = 4.9
    connection.request()
    assert connection.sent_within == [pytest.approx(CONNECT + READ - 4.9), pytest.approx(CONNECT + READ - 4.9 - 1.0)]


def test_a_reused_connection_begins_a_new_call_whose_time_is_its_own(clock: Clock, connection: Any) -> None:
    for _ in range(3):
        connection.request()
        assert left(connection) == READ
        clock.now += 3600.0


def test_nothing_is_read_after_the_deadline(clock: Clock, connection: Any) -> None:
    connection.request()
    clock.now += CONNECT + READ
    with pytest.raises(TimeoutError):
        left(connection)


def test_nothing_is_sent_after_the_deadline(clock: Clock, connection: Any) -> None:
    connection.request()
    clock.now += CONNECT + READ
    with pytest.raises(ReadTimeoutError):
        connection.send(b"more")


@pytest.mark.parametrize(
    ("error", "expected"),
    [(TimeoutError(), ConnectTimeoutError), (ConnectionRefusedError("refused"), NewConnectionError)],
)
def test_errors_of_connecting_are_urllib3s(
    connection: Any, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(bounded, "connect_to_any", fail)
    with pytest.raises(expected):
        connection.connect()

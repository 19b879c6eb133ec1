"""The deadline of a call, on a clock of the test's own: what each operation gets, and when a call begins."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from watcher.bounded_http import connector
from watcher.bounded_http.connection import DeadlineConnection
from watcher.bounded_http.connector import Connector
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import ConnectFailed, ConnectTimedOut, HttpError, ReadTimedOut, TlsFailed
from watcher.bounded_http.origin import Origin
from watcher.bounded_http.pool import Pool
from watcher.bounded_http.tls import Tls

CONNECT, READ = 5.0, 10.0
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Clock:
    """Seconds that pass when the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Socket:
    """Answers each request; notes the time-out of each operation, which takes as long as the test says."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.timeout: float | None = None
        self.took = 0.0
        self.operations: list[tuple[str, float | None]] = []
        self.answer = ANSWER

    def gettimeout(self) -> float | None:
        return self.timeout

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def fileno(self) -> int:
        return 0

    def sendall(self, _: bytes) -> None:
        self._operate("send")

    def recv(self, _: int) -> bytes:
        self._operate("receive")
        return self.answer

    def close(self) -> None:
        self.operations.append(("close", None))

    def _operate(self, name: str) -> None:
        self.operations.append((name, self.timeout))
        self.clock.now += self.took
        if self.timeout is not None and self.took > self.timeout:
            raise TimeoutError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Socket:
    """What every connection is made of."""
    sock = Socket(clock)
    monkeypatch.setattr(DeadlineConnection, "is_idle", lambda _: True)
    monkeypatch.setattr(connector, "connect_to_any", lambda *_: sock)
    monkeypatch.setattr(connector, "resolve", lambda *_: [])
    return sock


def opener(scheme: str = "http", tls: Any = None) -> Connector:
    return Connector(Origin(scheme, "rekognition.example", 443), None, tls or Tls())


@pytest.fixture
def call(clock: Clock, sock: Socket) -> Callable[..., object]:
    pool = Pool(opener().open, 1)

    def run(connect: float = CONNECT, read: float = READ) -> object:
        return pool.call(b"request", "POST", Deadline(connect, read, clock), 1000)

    return run


def taking(clock: Clock, seconds: float, result: object) -> Callable[..., object]:
    def run(*_: object) -> object:
        clock.now += seconds
        return result

    return run


def test_connecting_counts_towards_the_call(
    clock: Clock, sock: Socket, call: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "connect_to_any", taking(clock, 4.0, sock))
    sock.took = 3.0
    call()
    assert sock.operations == [("send", CONNECT), ("receive", pytest.approx(CONNECT + READ - 4.0 - 3.0))]


def test_a_tls_handshake_gets_what_connecting_has_left_over(
    clock: Clock, sock: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Handshake:
        def wrap(self, wrapped: Socket, _: str) -> Socket:
            assert wrapped.timeout == pytest.approx(CONNECT - 3.0)
            return wrapped

    monkeypatch.setattr(connector, "connect_to_any", taking(clock, 3.0, sock))
    opener("https", Handshake()).open(Deadline(CONNECT, READ, clock))


def test_each_operation_gets_what_is_left_of_the_call(
    clock: Clock, sock: Socket, call: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "connect_to_any", taking(clock, 4.9, sock))
    sock.took, sock.answer = 4.5, b"HTTP/1.1 "
    with pytest.raises(ReadTimedOut):
        call()
    left = CONNECT + READ - 4.9
    assert sock.operations == [
        ("send", CONNECT),
        ("receive", pytest.approx(left - 4.5)),
        ("receive", pytest.approx(left - 9.0)),
        ("close", None),
    ]


def test_a_reused_connection_begins_a_new_call_whose_time_is_its_own(
    clock: Clock, sock: Socket, call: Callable[..., object]
) -> None:
    """What the first call has left, or has used up, is nothing to the next."""
    sock.took = 4.0
    for _ in range(3):
        call()
        clock.now += 3600.0
    assert sock.operations == [("send", CONNECT), ("receive", READ)] * 3


def test_a_reused_connection_has_the_new_calls_limits(
    clock: Clock, sock: Socket, call: Callable[..., object]
) -> None:
    for read in (READ, 0, 2.0):
        call(read=read)
    assert [timeout for name, timeout in sock.operations if name == "receive"] == [READ, None, 2.0]


def test_a_limit_of_0_takes_the_bound_off_the_whole_call(
    clock: Clock, sock: Socket, call: Callable[..., object]
) -> None:
    call(read=0)
    call(connect=0)
    assert sock.operations == [("send", CONNECT), ("receive", None), ("send", None), ("receive", READ)]


def test_nothing_is_done_after_the_deadline(clock: Clock) -> None:
    deadline = Deadline(CONNECT, READ, clock)
    clock.now += CONNECT + READ
    for start in (deadline.start_connecting, deadline.start_sending, deadline.start_reading):
        start()
        with pytest.raises(TimeoutError):
            deadline.left()


def test_connecting_once_more_gets_no_more_than_what_is_left_of_the_call(clock: Clock) -> None:
    deadline = Deadline(CONNECT, READ, clock)
    clock.now += READ + 2.0
    deadline.start_connecting()
    assert deadline.left() == pytest.approx(CONNECT - 2.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), ConnectTimedOut),
        (ConnectionRefusedError("refused"), ConnectFailed),
        (OSError("no route"), ConnectFailed),
    ],
)
def test_errors_of_connecting(
    clock: Clock, sock: Socket, monkeypatch: pytest.MonkeyPatch, error: OSError, expected: type[HttpError]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(connector, "connect_to_any", fail)
    with pytest.raises(expected):
        opener().open(Deadline(CONNECT, READ, clock))


def test_a_handshake_that_fails_closes_the_socket(clock: Clock, sock: Socket) -> None:
    class Handshake:
        def wrap(self, *_: object) -> None:
            raise ssl.SSLError(1, "no")

    with pytest.raises(TlsFailed):
        opener("https", Handshake()).open(Deadline(CONNECT, READ, clock))
    assert sock.operations == [("close", None)]

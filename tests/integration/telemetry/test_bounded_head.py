"""Whatever a client writes, the port answers one request for each connection, and takes nothing for a second one.

Servers that disagree with a proxy on where a request ends take a part of its body for the next one. This server ends
the connection after one answer, so it never reads that part. Over real sockets: the faults would lie in the bytes.
"""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests.unit.support.fakes import PATIENCE
from watcher.telemetry.bounded_head import LARGEST_HEAD
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock

HIDDEN = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
"""The request that must not be answered. Readiness is asked for nowhere else in this file, and counted."""

CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)


def post(*headers: bytes, version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    """A request's head; each header as it is, with its line end."""
    return b"%b /livez HTTP/%b\r\nHost: x\r\n%b\r\n" % (method, version, b"".join(headers))


LENGTH_0 = b"Content-Length: 0\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
TRANSFER = b"Transfer-Encoding: chunked\r\n"
KEEP = b"Connection: keep-alive\r\n"

BODIES = {
    "a length, kept alive": post(LENGTH, KEEP) + HIDDEN,
    "a length and chunks": post(LENGTH_0, TRANSFER) + CHUNKED,
    "chunks and a length": post(TRANSFER, b"Content-Length: 4\r\n", KEEP) + CHUNKED + HIDDEN,
    "two lengths": post(LENGTH_0, LENGTH) + HIDDEN,
    "two lengths, the other way": post(LENGTH, LENGTH_0) + HIDDEN,
    "two lengths in one header": post(b"Content-Length: 0, %d\r\n" % len(HIDDEN)) + HIDDEN,
    "a length with a sign": post(b"Content-Length: +0\r\n") + HIDDEN,
    "a negative length": post(b"Content-Length: -1\r\n") + HIDDEN,
    "a length that is not a number": post(b"Content-Length: 0x0\r\n") + HIDDEN,
    "a length beyond the body": post(b"Content-Length: 99999999999999999999\r\n") + HIDDEN,
    "no length": post() + HIDDEN,
    "a blank before the colon": post(LENGTH_0, b"Transfer-Encoding : chunked\r\n") + CHUNKED,
    "a tab before the colon": post(LENGTH_0, b"Transfer-Encoding\t: chunked\r\n") + CHUNKED,
    "an unknown encoding": post(LENGTH_0, b"Transfer-Encoding: xchunked\r\n") + CHUNKED,
    "two encodings": post(TRANSFER, b"Transfer-Encoding: identity\r\n") + CHUNKED,
    "a folded header": post(LENGTH_0, b"X: a\r\n Transfer-Encoding: chunked\r\n") + CHUNKED,
    "a folded encoding": post(LENGTH_0, b"Transfer-Encoding:\r\n\tchunked\r\n") + CHUNKED,
    "a fold before all headers": post(b" x\r\n", LENGTH_0) + HIDDEN,
    "bare LF": post(LENGTH_0).replace(b"\r\n", b"\n") + HIDDEN,
    "bare LF, and a second head after it": post(b"X: a\n\n" + HIDDEN),
    "bare CR in a header": post(b"X: a\rContent-Length: %d\r\n" % len(HIDDEN)) + HIDDEN,
    "bare CR as line ends": post(LENGTH_0).replace(b"\r\n", b"\r") + b"\r\n\r\n" + HIDDEN,
    "CR CR LF": post(b"X: a\r\r\n", LENGTH_0) + HIDDEN,
    "NUL in a value": post(b"X: a\x00b\r\n", LENGTH_0) + HIDDEN,
    "NUL in a name": post(b"Content-\x00Length: 0\r\n", TRANSFER) + CHUNKED,
    "other line ends of Unicode": post(b"X: a\x85\x0b\x0c\x1c\xe2\x80\xa8Content-Length: 0\r\n") + HIDDEN,
    "a header without a colon": post(b"Content-Length\r\n", TRANSFER) + CHUNKED,
    "a header without a name": post(b": 0\r\n", LENGTH_0) + HIDDEN,
    "chunks with a request inside": post(TRANSFER) + CHUNKED,
    "chunks with a request after them": post(TRANSFER, KEEP) + b"0\r\n\r\n" + HIDDEN,
    "a chunk with an extension": post(TRANSFER) + b"0;a=\r\n" + HIDDEN,
    "a trailer": post(TRANSFER, KEEP) + b"0\r\nX: a\r\n\r\n" + HIDDEN,
    "a body on a GET": post(LENGTH, KEEP, method=b"GET") + HIDDEN,
    "chunks on a GET": post(TRANSFER, KEEP, method=b"GET") + CHUNKED,
    "a body on a HEAD": post(LENGTH, KEEP, method=b"HEAD") + HIDDEN,
    "pipelined": post(KEEP, method=b"GET") + HIDDEN * 3,
    "pipelined, as HTTP/1.0": post(KEEP, method=b"GET", version=b"1.0") + HIDDEN,
    "pipelined, as HTTP/1.9": post(KEEP, method=b"GET", version=b"1.9") + HIDDEN,
    "pipelined, as HTTP/0.9": b"GET /livez\r\n" + HIDDEN,
    "a version that there is not": post(KEEP, version=b"11.1") + HIDDEN,
    "an upgrade": post(b"Connection: Upgrade\r\nUpgrade: h2c\r\n", method=b"GET") + HIDDEN,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "a continue": post(b"Expect: 100-continue\r\n", LENGTH) + HIDDEN,
    "a tunnel": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    "an absolute target": b"GET http://x/livez HTTP/1.1\r\nHost: y\r\n" + LENGTH + b"\r\n" + HIDDEN,
    "an asterisk as target": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n" + KEEP + b"\r\n" + HIDDEN,
    "blanks in the target": b"GET /livez /readyz HTTP/1.1\r\nHost: x\r\n" + KEEP + b"\r\n" + HIDDEN,
    "an empty line first": b"\r\n" + post(LENGTH_0, KEEP) + HIDDEN,
    "a request line over the limit": b"GET /%b HTTP/1.1\r\n\r\n" % (b"x" * 70_000) + HIDDEN,
    "a header over the limit": post(b"X: %b\r\n" % (b"x" * 70_000)) + HIDDEN,
    "more headers than the limit": post(b"X: a\r\n" * 200) + HIDDEN,
}


class Asked:
    """A server that counts how often each path was answered."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.server = HealthServer("127.0.0.1", 0, CollectorRegistry(), self._late, self._problems)

    def _late(self) -> list[str]:
        self.paths.append("/livez")
        return []

    def _problems(self) -> dict[str, str]:
        self.paths.append("/readyz")
        return {}

    def send(self, text: bytes) -> bytes:
        """What the server answers until it ends the connection."""
        with socket.create_connection((self.server.host, self.server.port), PATIENCE) as client:
            answer = bytearray()
            try:
                client.sendall(text)
                while part := client.recv(65536):
                    answer += part
            except (ConnectionResetError, BrokenPipeError):
                pass  # how the kernel ends a connection of which not all was read
            return bytes(answer)


@pytest.fixture(scope="module")
def server() -> Iterator[Asked]:
    asked = Asked()
    thread = Thread(target=asked.server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    yield asked
    asked.server.close()
    thread.join(PATIENCE)


@pytest.fixture
def asked(server: Asked) -> Asked:
    server.paths.clear()
    return server


@pytest.mark.parametrize("method", [b"POST", b"GET"])
@pytest.mark.parametrize("text", BODIES.values(), ids=BODIES)
def test_no_byte_after_a_request_is_taken_for_another(asked: Asked, text: bytes, method: bytes) -> None:
    answer = asked.send(text.replace(b"POST", method))
    assert "/readyz" not in asked.paths
    assert len(asked.paths) <= 1
    assert answer.count(b"\r\nServer: ") <= 1


def test_the_hidden_request_is_one_that_would_be_answered(asked: Asked) -> None:
    assert asked.send(HIDDEN).startswith(b"HTTP/1.0 200 ")
    assert asked.paths == ["/readyz"]


@pytest.mark.parametrize("gap", [1, 7, 64])
def test_the_connection_is_closed_after_a_request_that_came_in_pieces(asked: Asked, gap: int) -> None:
    """So a second request is not only lost because it was read along with the first."""
    text = post(KEEP, method=b"GET")
    with socket.create_connection((asked.server.host, asked.server.port), PATIENCE) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(text), gap):
            client.sendall(text[start : start + gap])
        answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.0 200 ")
    assert asked.paths == ["/livez"]


@pytest.mark.parametrize(
    ("head", "is_answered"),
    [
        (b"GET /livez HTTP/1.1\r\n" + b"X: %b\r\n" % (b"x" * 1_000) * 15, True),
        (b"GET /livez HTTP/1.1\r\n" + b"X: %b\r\n" % (b"x" * 1_000) * 17, False),
        (b"GET /livez HTTP/1.1\r\nX: %b\r\n" % (b"x" * LARGEST_HEAD), False),
        (b"GET /livez?%b HTTP/1.1\r\n" % (b"x" * 15_000), True),
        (b"GET /livez?%b HTTP/1.1\r\n" % (b"x" * LARGEST_HEAD), False),
        (b"GET /livez HTTP/1.1\r\nX: a\r\n" + b" x\r\n" * LARGEST_HEAD, False),
    ],
    ids=["headers", "too many", "too long", "line", "line too long", "folds"],
)
def test_a_head_is_read_up_to_a_limit(asked: Asked, head: bytes, is_answered: bool) -> None:
    """Of 90 headers of 65,000 bytes each connection took 34 MB."""
    with capture_logs() as logs:
        answer = asked.send(head + b"\r\n")
    assert answer.startswith(b"HTTP/1.0 200 ") is is_answered
    assert (asked.paths == ["/livez"]) is is_answered
    assert logs == []


@pytest.mark.parametrize("method", [b"GET", b"POST", b"BREW"])
def test_an_answer_repeats_nothing_of_the_request_in_its_head(asked: Asked, method: bytes) -> None:
    target = b"/a%0d%0aX-Injected:%20yes\x0bX-Injected:yes"
    head = asked.send(b"%b %b HTTP/1.1\r\nX-Injected: yes\r\n\r\n" % (method, target)).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.0 4")
    assert b"Injected" not in head.partition(b"\r\n")[2]

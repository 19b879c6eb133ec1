"""An answer off a socket: the plain form by our own reading, every other one by the library's, with equal results."""

import contextlib
import io
import random
import tracemalloc
from http.client import HTTPException, HTTPResponse, IncompleteRead

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.bounded_http import http1
from watcher.bounded_http.errors import ResponseTooLarge
from watcher.bounded_http.http1 import Response, read_head, read_response
from watcher.bounded_http.limits import LIMITS

MAX_BODY = 8 * 1024 * 1024
PLAIN = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r-1\r\nContent-Length: 4\r\n\r\nbody"


class Wire:
    """Bytes that arrive in pieces; nothing after them."""

    def __init__(self, data: bytes, size: int = 65536) -> None:
        self.data = data
        self.size = size

    def recv(self, count: int) -> bytes:
        count = min(count, self.size)
        part, self.data = self.data[:count], self.data[count:]
        return part

    def recv_into(self, room: memoryview) -> int:
        part = self.recv(len(room))
        room[: len(part)] = part
        return len(part)


def read(data: bytes, size: int = 65536) -> Response:
    return read_response(Wire(data, size), "POST", MAX_BODY)


def body(answer: Response) -> bytes:
    return b"".join(answer.stream())


@pytest.mark.parametrize("size", [1, 2, 7, 65536])
def test_a_plain_answer_is_read_however_it_is_cut(size: int) -> None:
    answer = read(PLAIN, size)
    assert (answer.status, answer.headers, body(answer), answer.keep_alive) == (
        200,
        {"x-amzn-RequestId": "r-1", "Content-Length": "4"},
        b"body",
        True,
    )


OTHER_FORMS = {
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    "repeated header": b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody",
    "folded header": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 4\r\n\r\nbody",
    "kept as told": PLAIN.replace(b"x-amzn-RequestId: r-1", b"Connection: Keep-Alive"),
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody",
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Length: 4\n\nbody",
}


@pytest.mark.parametrize("data", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_another_form_is_read_as_well_and_keeps_the_connection(data: bytes) -> None:
    for size in (1, 65536):
        answer = read(data, size)
        assert (answer.status, body(answer), answer.keep_alive) == (200, b"body", True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN.replace(b"1.1", b"1.0"), id="http-1.0"),
        pytest.param(PLAIN.replace(b"x-amzn-RequestId: r-1", b"Connection: close"), id="told"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nbody", id="no-length"),
        pytest.param(PLAIN[:-1], id="broken-off"),
        pytest.param(PLAIN + b"HTTP", id="more-than-announced"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\ncontent-length: 8\r\n\r\nbodymore", id="two-lengths"),
        pytest.param(OTHER_FORMS["chunks"] + b"HTTP", id="more-than-chunks"),
    ],
)
def test_a_connection_that_can_carry_no_other_call_is_not_kept(data: bytes) -> None:
    answer = read(data)
    assert (body(answer), answer.keep_alive) == (b"body"[: 4 - data.endswith(b"bod")], False)


@pytest.mark.parametrize("size", [27, 65536])
@pytest.mark.parametrize("count", [1, LIMITS.interim_answers])
def test_interim_answers_are_passed_over(size: int, count: int) -> None:
    """The library takes 103 for the answer; the next call would get this one's, and so on for ever."""
    answer = read(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * count + PLAIN, size)
    assert (answer.status, body(answer), answer.keep_alive) == (200, b"body", True)


def test_interim_answers_without_an_end_are_no_http() -> None:
    with pytest.raises(HTTPException, match="without an end"):
        read(b"HTTP/1.1 103 Early Hints\r\n\r\n" * (LIMITS.interim_answers + 1) + PLAIN)


def test_after_a_change_of_protocol_the_connection_is_not_kept() -> None:
    answer = read(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + PLAIN)
    assert (answer.status, answer.keep_alive) == (101, False)


def test_rekognitions_own_form_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watcher.bounded_http.http1.FinalResponse", None)
    answer = read(PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"))
    assert (body(answer), answer.keep_alive) == (b"body", True)


def test_a_length_of_thousands_of_digits_is_no_bug_of_ours() -> None:
    """int() refuses it with an error that nobody expects from a socket."""
    answer = read(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nbody")
    assert (body(answer), answer.keep_alive) == (b"body", False)


def test_headers_that_come_twice_are_joined() -> None:
    assert read(OTHER_FORMS["repeated header"]).headers["X-A"] == "1, 2"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_does_not_wait_for_one(status: int) -> None:
    answer = read(b"HTTP/1.1 %d X\r\nContent-Length: 4\r\n\r\n" % status)
    assert (answer.status, body(answer)) == (status, b"")


@pytest.mark.parametrize(
    "data", [b"", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 2\xb2\xb2\r\n\r\n"]
)
def test_what_is_not_http_is_an_error(data: bytes) -> None:
    with pytest.raises(HTTPException):
        read(data)


def test_chunks_that_break_off_are_an_error() -> None:
    with pytest.raises(IncompleteRead):
        read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo")


def test_headers_without_an_end_are_not_read_for_ever() -> None:
    wire = Wire(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 1_000_000)
    with pytest.raises(HTTPException):
        read_response(wire, "POST", MAX_BODY)
    assert len(wire.data) > 8_000_000 - 4 * LIMITS.head


LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"content-length: 0",
        b"Content-Length: 7 ",
        b"Content-Length: +5",
        b"Content-Length: 5x",
        b"Content-Length: -1",
        b"Transfer-Encoding: chunked",
        b"Connection: keep-alive",
        b"Connection: close",
        b"connection: Keep-Alive",
        b"X-A:1",
        b"X-A: \xe9  ",
        b"x-a: 2",
        b" folded",
        b"no colon",
        b": no name",
    ]
)
STATUS_LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/1.1 503 Some Words",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/2 200 OK",
        b"ICY 200 OK",
    ]
)
BODIES = st.sampled_from([b"", b"12345", b"1234567", b"5\r\n12345\r\n0\r\n\r\n", b"5\r\n123", b"0\r\n\r\n"])


class Stream(io.BytesIO):
    """A connection for http.client."""

    def makefile(self, _: str) -> io.BytesIO:
        return self


def by_the_standard_library(data: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """None: it is not HTTP. A body that is shorter than announced counts, as for botocore.

    The library leaves blanks behind a header's value, which are none of it (RFC 9110, 5.5).
    """
    response = HTTPResponse(Stream(data), method="POST")  # type: ignore[arg-type]
    try:
        response.begin()
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
        return response.status, headers, b"".join(iter(lambda: response.read(3), b""))
    except HTTPException:
        return None
    finally:
        response.close()


@settings(max_examples=3 * settings().max_examples)
@given(STATUS_LINES, st.lists(LINES, max_size=4), BODIES, st.integers(1, 40))
def test_whatever_comes_is_read_as_the_standard_library_reads_it(
    status_line: bytes, lines: list[bytes], content: bytes, size: int
) -> None:
    data = b"\r\n".join([status_line, *lines, b"", b""]) + content
    expected = by_the_standard_library(data)
    try:
        response = read(data, size)
    except HTTPException:
        assert expected is None
    else:
        assert (response.status, response.headers, body(response)) == expected


@given(st.binary(max_size=200), st.integers(1, 40))
def test_bytes_of_any_kind_are_an_answer_or_one_kind_of_error(data: bytes, size: int) -> None:
    for head in (b"", b"HTTP/1.1 200 OK\r\n", PLAIN[:-4]):
        with contextlib.suppress(HTTPException):
            assert len(body(read(head + data, size))) <= len(data) + 4


@pytest.mark.parametrize("size", [1, 3, 65536])
@pytest.mark.parametrize("come", [0, 1, 3, 4, 5, 8, 9, 10])
def test_a_long_body_is_read_in_blocks_as_far_as_it_comes(
    size: int, come: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the body doesn't come with the head.
    monkeypatch.setattr(http1, "LIMITS", LIMITS._replace(block=4, read_size=40))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    assert len(head) <= 40
    answer = read(head + b"0123456789"[:come], size)
    assert body(answer) == b"0123456789"[:come]
    assert answer.keep_alive == (come == 10)


def test_an_answer_of_the_usual_size_is_one_piece() -> None:
    data = random.Random(1).randbytes(1_000_000)
    answer = read(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + data, 5000)
    assert answer.parts == [data]


def test_room_is_not_made_for_all_that_is_announced() -> None:
    tracemalloc.start()
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999\r\n\r\nbody"
    response = read_response(Wire(data), "POST", 10**15)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (body(response), response.keep_alive) == (b"body", False)
    assert peak < 3 * LIMITS.block


def test_a_head_has_no_body() -> None:
    response = read_response(Wire(PLAIN[:-4]), "HEAD", MAX_BODY)
    assert (response.status, body(response), response.keep_alive) == (200, b"", True)


def chunked(size: int, count: int = 1) -> bytes:
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * count + b"0\r\n\r\n"


def forms(size: int) -> list[bytes]:
    """Responses with a body of this size, in every form."""
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    return [plain, plain.replace(b"1.1", b"1.0"), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * size, chunked(size)]


@pytest.mark.parametrize("form", range(4))
def test_a_body_of_the_limit_is_read_and_not_a_byte_more(form: int) -> None:
    limit = 100_000
    assert len(body(read_response(Wire(forms(limit)[form]), "POST", limit))) == limit
    with pytest.raises(ResponseTooLarge, match="more than"):
        read_response(Wire(forms(limit + 1)[form]), "POST", limit)


@pytest.mark.parametrize("size", [1, 6, 20])
def test_a_large_body_in_tiny_chunks_is_not_read(size: int) -> None:
    with pytest.raises(ResponseTooLarge, match="too small"):
        read(chunked(size, 500_000 // size))


def test_a_small_body_in_tiny_chunks_is_read() -> None:
    assert body(read(chunked(1, 5000))) == b"x" * 5000


def test_the_head_is_read_and_nothing_waits_for_the_body() -> None:
    class Stalling(Wire):
        def recv(self, count: int) -> bytes:
            if not self.data:
                raise TimeoutError
            return super().recv(count)

    for data in (PLAIN[:-4], b"HTTP/1.1 103 Early Hints\r\n\r\n" + PLAIN[:-2]):
        head = read_head(Stalling(data, 7), "POST")
        assert (head.status, head.headers["x-amzn-requestid"], head.data) == (200, "r-1", data)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 2", b"no HTTP\r\n\r\n"])
def test_a_head_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises(HTTPException):
        read_head(Wire(data), "POST")


def test_a_head_is_limited() -> None:
    wire = Wire(b"HTTP/1.1 103 Early Hints\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n" + PLAIN.ljust(100_000))
    for read_it in (lambda: read_head(wire, "POST"), lambda: read_response(wire, "POST", MAX_BODY)):
        wire.data = b"HTTP/1.1 103 Early Hints\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n"
        wire.data += PLAIN.replace(b"r-1", b"a" * 10_000)
        with pytest.raises(ResponseTooLarge, match="headers"):
            read_it()

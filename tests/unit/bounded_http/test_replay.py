"""What http.client reads a response from: received bytes first, then the source, within limits."""

from http.client import HTTPException

import pytest

from watcher.bounded_http.errors import ResponseTooLarge
from watcher.bounded_http.limits import LIMITS
from watcher.bounded_http.replay import FinalResponse, Replayed, too_large

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


class Parts:
    """A source that gives one part with each read, and counts the reads."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)
        self.reads = 0

    def recv(self, count: int, /) -> bytes:
        self.reads += 1
        part = self.parts.pop(0) if self.parts else b""
        assert len(part) <= count
        return part

    def recv_into(self, room: memoryview, /) -> int:
        raise NotImplementedError


def answer(replayed: Replayed) -> FinalResponse:
    """The response, as http.client reads it."""
    response = FinalResponse(replayed, method="POST")  # type: ignore[arg-type] # a socket's one method
    response.begin()
    return response


def test_bytes_that_were_received_come_first_and_nothing_is_read_before_it_is_needed() -> None:
    source = Parts(OK[20:])
    replayed = Replayed(source, OK[:20], 100)
    assert source.reads == 0
    response = answer(replayed)
    assert (response.status, response.read(), bytes(replayed.seen)) == (200, b"ok", OK)


@pytest.mark.parametrize("status", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_interim_responses_are_skipped(status: str) -> None:
    interim = f"HTTP/1.1 {status}\r\n\r\n".encode()
    response = answer(Replayed(Parts(interim + interim + OK), b"", 100))
    assert (response.status, response.read()) == (200, b"ok")


def test_a_switch_of_protocols_is_final() -> None:
    assert answer(Replayed(Parts(b"HTTP/1.1 101 Switching\r\n\r\n" + OK), b"", 100)).status == 101


def test_interim_responses_without_an_end_are_not_read_on() -> None:
    assert answer(Replayed(Parts(EARLY * LIMITS.interim_answers + OK), b"", 100)).status == 200
    with pytest.raises(HTTPException, match="without an end"):
        answer(Replayed(Parts(EARLY * (LIMITS.interim_answers + 1) + OK), b"", 100))


def test_a_head_over_the_limit_is_not_read_on() -> None:
    source = Parts(b"HTTP/1.1 200 OK\r\nX-A: ", *[b"a" * 8192] * 100)
    with pytest.raises(ResponseTooLarge, match="more than 64 KiB"):
        answer(Replayed(source, b"", 100))
    assert source.reads == 1 + LIMITS.head // 8192


def read_body(size: int, most: int) -> int:
    """Bytes that are counted for a body of this size."""
    replayed = Replayed(Parts(*[b"a" * 8192] * (size // 8192)), b"", most)
    replayed.allow_body()
    reader = replayed.makefile("rb")
    while reader.read1(8192):
        pass
    return replayed.body_bytes


def test_a_body_may_exceed_its_limit_by_an_eighth_and_one_read_for_its_framing() -> None:
    most = 1024 * 1024
    allowed = most + most // 8 + LIMITS.read_size
    assert read_body(allowed, most) == allowed
    with pytest.raises(ResponseTooLarge, match="more than 1 MiB"):
        read_body(allowed + 8192, most)


@pytest.mark.parametrize(("data", "is_used_up"), [(OK, True), (OK + b"x", False)])
def test_bytes_beyond_the_response_are_found_without_another_read(data: bytes, *, is_used_up: bool) -> None:
    source = Parts(b"the next call's")
    replayed = Replayed(source, data, 100)
    answer(replayed).read()
    assert replayed.use_up() is is_used_up
    assert source.reads == 0


def test_what_is_to_happen_before_a_read_happens_before_each_but_not_for_received_bytes() -> None:
    calls: list[int] = []
    source = Parts(OK[20:30], OK[30:])
    replayed = Replayed(source, OK[:20], 100, lambda: calls.append(source.reads))
    answer(replayed).read()
    assert calls == [0, 1]


@pytest.mark.parametrize(("most", "words"), [(8 * 1024 * 1024, "8 MiB"), (16 * 1024, "0.015625 MiB")])
def test_the_limit_is_told(most: int, words: str) -> None:
    assert str(too_large(most)) == f"the response has more than {words}, the most that is read"

"""HTTP/1.1 responses read from a socket, within limits.

A plain response (a status, one header per line, a Content-Length) is read here with little overhead. Any other form
(chunks, HTTP/1.0, a body until the connection closes, interim responses) goes to the standard library, which sees
every byte. Either way a connection with extra bytes is not kept, because they would look like the next call's
response.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple

from watcher.bounded_http.errors import ResponseTooLarge
from watcher.bounded_http.limits import LIMITS
from watcher.bounded_http.replay import FinalResponse, Replayed, Source, too_large


@dataclass(slots=True)
class Response:
    """A whole response. `keep_alive`: the connection can be used for another call."""

    status: int
    headers: dict[str, str]
    parts: list[bytes]
    keep_alive: bool

    def stream(self) -> Iterator[bytes]:
        """The body, in the parts in which it came."""
        return iter(self.parts)


class Head(NamedTuple):
    """Status and headers (names in lower case), and all bytes that were read for them; none if it is incomplete."""

    status: int
    headers: dict[str, str]
    data: bytes


def read_response(source: Source, method: str, max_body: int) -> Response:
    """The response to a request that was sent.

    A truncated body is returned as far as it came, as urllib3 does for botocore. It is never decompressed: botocore
    does not request compression.

    Raises:
        HTTPException: this is not HTTP, or it is visibly truncated; ResponseTooLarge: it is over a limit.
        OSError: whatever `source` raises.
    """
    data = source.recv(LIMITS.read_size)
    while data and (end := data.find(b"\r\n\r\n")) < 0 and len(data) < LIMITS.head:
        more = source.recv(LIMITS.read_size)
        if not more:
            break
        data += more
    plain = _plain_head(data[:end]) if data and end >= 0 and method != "HEAD" else None
    if plain is None:
        return _by_library(source, data, method, max_body)
    status, headers, length = plain
    if length > max_body:
        raise too_large(max_body)
    return _read_body(source, data[end + 4 :], length, status, headers)


def read_head(source: Source, method: str, on_status: Callable[[], None] | None = None) -> Head:
    """The head of the final response; nothing more is read than what came with it.

    `on_status` is called before each read once the final status is known. With it, the status is the answer: headers
    that are truncated, or late, are left out.

    Raises:
        HTTPException: this is not HTTP, or it is truncated; ResponseTooLarge: it is over a limit.
        OSError: whatever `source` raises.
    """

    def before_read() -> None:
        if on_status is not None and _is_final(response.status):
            on_status()

    replayed = Replayed(source, b"", 0, before_read)
    response = FinalResponse(replayed, method=method)  # type: ignore[arg-type] # a socket's one method
    try:
        response.begin()
    except (HTTPException, OSError):
        if on_status is None or not _is_final(response.status):
            raise
        return Head(response.status, {}, b"")
    finally:
        response.close()
    headers = {name.lower(): value for name, value in _joined(response).items()}
    return Head(response.status, headers, bytes(replayed.seen))


def _is_final(status: Any) -> bool:
    """http.client's is a string until there is one."""
    return isinstance(status, int) and status >= 200


def _plain_head(head: bytes) -> tuple[int, dict[str, str], int] | None:
    """Status, headers and length of the body; None if it does not have the usual form."""
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.1 ") or not first[9:12].isdecimal() or first[12:13] not in {"", " "}:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name in headers or name.strip() != name or "\n" in line or "\r" in line:
            return None
        headers[name] = value.strip()
    known = {name.lower(): value for name, value in headers.items()}
    length, status = known.get("content-length", ""), int(first[9:12])
    # Rekognition says keep-alive, though HTTP/1.1 means that anyway.
    is_kept = known.get("connection", "keep-alive").lower() == "keep-alive"
    is_plain = len(known) == len(headers) <= LIMITS.headers and "transfer-encoding" not in known and is_kept
    is_length = length.isascii() and length.isdecimal() and len(length) <= LIMITS.length_digits
    if not is_plain or not is_length or status < 200 or status in {204, 304}:
        return None
    return status, headers, int(length)


def _read_body(source: Source, begun: bytes, length: int, status: int, headers: dict[str, str]) -> Response:
    if len(begun) >= length:
        # urllib3 leaves bytes beyond the announced length in the socket, where they would be the next call's
        # response.
        return Response(status, headers, [begun[:length]], keep_alive=len(begun) == length)
    parts, missing = [], length
    while missing > 0:
        size = min(missing, LIMITS.block)
        part = _block(source, begun, size)
        parts.append(part)
        if len(part) < size:
            return Response(status, headers, parts, keep_alive=False)
        begun, missing = b"", missing - size
    return Response(status, headers, parts, keep_alive=True)


def _block(source: Source, begun: bytes, size: int) -> bytes:
    """This many bytes, of which the first have come; fewer if there are no more.

    They are read in place: joining the pieces of a response with images would copy all of it.
    """
    buffer = io.BytesIO(begun)
    buffer.seek(size - 1)
    buffer.write(b"\0")
    come, count = len(begun), 1
    with buffer.getbuffer() as room:
        while come < size and count:
            with room[come:] as rest:  # released at once: a traceback would keep it, and with it the buffer
                count = source.recv_into(rest)
            come += count
    buffer.truncate(come)
    return buffer.getvalue()


def _by_library(source: Source, begun: bytes, method: str, max_body: int) -> Response:
    replayed = Replayed(source, begun, max_body)
    response = FinalResponse(replayed, method=method)  # type: ignore[arg-type] # a socket's one method
    try:
        response.begin()
        replayed.allow_body()
        parts = _parts(response, replayed, max_body)
        is_kept = response.isclosed() and not response.will_close and response.status >= 200
        keep_alive = is_kept and replayed.use_up()
    except ValueError as error:  # raised by the library for a chunk of negative size
        raise HTTPException(f"not HTTP: {error}") from error
    finally:
        response.close()  # after a failure, too: the collector might close its file before it
    return Response(response.status, _joined(response), parts, keep_alive)


def _parts(response: HTTPResponse, replayed: Replayed, max_body: int) -> list[bytes]:
    parts, size = [], 0
    while part := response.read(LIMITS.read_size):
        parts.append(part)
        size += len(part)
        if size > max_body:
            raise too_large(max_body)
        if replayed.body_bytes > LIMITS.read_size + size + size // 8:  # each chunk costs microseconds, however small
            raise ResponseTooLarge("the response's chunks are too small")
    return parts


def _joined(response: HTTPResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        value = value.strip()  # noqa: PLW2901 - the library leaves blanks behind it, which are none of it
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers

"""An answer of any size costs a bounded amount of memory, and is said to be too large."""

import gzip
import itertools
import json
import socket
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from tests.integration.support.servers import ANSWER, BOTH_WAYS, SESSION_ID, Aws, Server, reply
from watcher.aws.call_deadline import MAX_BODY as MAX_OTHERS
from watcher.aws.client import build_client
from watcher.domain.errors import ConnectionFailed, UnreadableAnswer
from watcher.rekognition import MAX_BODY, RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]
MIB = 1024 * 1024
BLOCK = b"x" * 65536
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
IN_BUFFERS = 16 * MIB
"""Bytes, more than two sockets' buffers hold, that a server may have sent when nobody reads on."""


class Flood:
    """Sends a head and then parts for as long as somebody reads them, 200 MiB at most."""

    def __init__(self, head: bytes, parts: Iterable[bytes]) -> None:
        self.head, self.parts, self.sent = head, parts, 0

    def __call__(self, server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        for part in itertools.chain([self.head], self.parts):
            sock.sendall(part)
            self.sent += len(part)
            if self.sent > 200 * MIB:
                return


def forever(part: bytes) -> Iterator[bytes]:
    return itertools.repeat(part * (65536 // len(part) or 1))


FLOODS = {
    "content-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n", BLOCK),
    "lower-case, HTTP/1.0": (b"HTTP/1.0 200 OK\r\ncontent-length: 209715200\r\n\r\n", BLOCK),
    "until the connection closes": (b"HTTP/1.1 200 OK\r\n\r\n", BLOCK),
    "chunks": (CHUNKED, b"10000\r\n" + BLOCK + b"\r\n"),
    "tiny chunks": (CHUNKED, b"1\r\nx\r\n"),
    "one huge chunk": (CHUNKED + b"fffffffff\r\n", BLOCK),
    "chunk extensions": (CHUNKED, b"1;" + b"a" * 1000 + b"\r\nx\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X-A: " + b"a" * 1000 + b"\r\n"),
    "an error's page": (b"HTTP/1.1 503 Oops\r\nContent-Length: 209715200\r\n\r\n", BLOCK),
    "one header": (b"HTTP/1.1 200 OK\r\nX-A: ", BLOCK),
}


@pytest.mark.parametrize(("head", "part"), FLOODS.values(), ids=FLOODS)
def test_no_more_is_read_than_the_limit(serve: Serve, connect: Connect, head: bytes, part: bytes) -> None:
    flood = Flood(head, forever(part))
    results = RekognitionResults(connect(serve(script=flood).url))
    with pytest.raises((UnreadableAnswer, ConnectionFailed)) as caught:
        results.get(SESSION_ID)
    assert flood.sent < 1.5 * MAX_BODY + IN_BUFFERS
    if not head.endswith(b"X-A: "):  # which the standard library takes for broken HTTP
        assert isinstance(caught.value, UnreadableAnswer)  # counted as malformed
        assert "more than 8 MiB" in str(caught.value) or "too small" in str(caught.value)


@pytest.mark.parametrize(
    "part", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"], ids=["100", "103"]
)
def test_interim_answers_without_an_end_are_not_read_on(serve: Serve, connect: Connect, part: bytes) -> None:
    flood = Flood(b"", forever(part))
    with pytest.raises((UnreadableAnswer, ConnectionFailed)):
        RekognitionResults(connect(serve(script=flood).url)).get(SESSION_ID)
    assert flood.sent < IN_BUFFERS


@BOTH_WAYS
def test_headers_without_an_end_are_not_read_on(serve: Serve, connect: Connect) -> None:
    flood = Flood(b"HTTP/1.1 200 OK\r\n", forever(b"X-A: " + b"a" * 100 + b"\r\n"))
    with pytest.raises((UnreadableAnswer, ConnectionFailed)):
        RekognitionResults(connect(serve(script=flood).url)).get(SESSION_ID)
    assert flood.sent < IN_BUFFERS


@BOTH_WAYS
@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_answer_of_the_limit_is_read(serve: Serve, connect: Connect, *, is_chunked: bool) -> None:
    body = json.dumps(ANSWER).encode().ljust(MAX_BODY)
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    server = serve(CHUNKED + chunks if is_chunked else reply(body))
    results = RekognitionResults(connect(server.url))
    assert results.get(SESSION_ID).session_id == SESSION_ID


def test_a_byte_more_is_too_much(serve: Serve, connect: Connect) -> None:
    server = serve(reply(json.dumps(ANSWER).encode().ljust(MAX_BODY + 1)))
    with pytest.raises(UnreadableAnswer, match="more than 8 MiB"):
        RekognitionResults(connect(server.url)).get(SESSION_ID)


def test_a_gzip_bomb_is_never_unpacked(serve: Serve, connect: Connect) -> None:
    bomb = gzip.compress(json.dumps(ANSWER).encode().ljust(100 * MIB))
    assert len(bomb) < MIB
    server = serve(reply(bomb, **{"Content-Encoding": "gzip"}))
    with pytest.raises(UnreadableAnswer):
        RekognitionResults(connect(server.url)).get(SESSION_ID)
    assert b"Accept-Encoding: identity" in server.requests[0]


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("sqs", "receive_message", {"QueueUrl": "http://localhost/q"}),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"id": {"S": "a"}}}),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
        ("events", "put_events", {"Entries": [{}]}),
    ],
)
def test_other_clients_have_a_limit_too(
    serve: Serve, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    flood = Flood(CHUNKED, forever(b"10000\r\n" + BLOCK + b"\r\n"))
    server = serve(script=flood)
    client = build_client(service, Aws(), server.url, concurrency=1)
    with pytest.raises(ResponseParserError, match="more than 32 MiB"):
        getattr(client, operation)(**arguments)
    assert flood.sent < 1.5 * MAX_OTHERS + IN_BUFFERS
    client.close()

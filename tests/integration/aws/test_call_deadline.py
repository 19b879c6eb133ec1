"""No call holds its thread longer than connect + read time-out, whatever the server does. Over real sockets."""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.servers import ANSWER, BOTH_WAYS, SESSION_ID, Script, Server, reply
from watcher.bounded_http import connector
from watcher.bounded_http.connect import connect_to_any
from watcher.domain.errors import CallTimedOut, ConnectionFailed, PollError
from watcher.rekognition import RekognitionResults

CONNECT, READ = 0.5, 0.4
SLACK = 0.5
Serve = Callable[..., Server]
Connect = Callable[..., Any]
# Sending it takes far longer than any bound here.
ENDLESS = reply(ANSWER) + b" " * 1000


def failed_call(client: Any, expected: type[PollError]) -> float:
    """How many seconds a call took that failed as expected."""
    begun = time.monotonic()
    with pytest.raises(expected):
        RekognitionResults(client).get(SESSION_ID)
    return time.monotonic() - begun


def silent(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    server.stopped.wait()


def dripping(sent_at_once: bytes, dripped: bytes) -> Script:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(sent_at_once)
        server.drip(sock, dripped)

    return script


HEAD, _, BODY = reply({**ANSWER, "Padding": "x" * 200}).partition(b"\r\n\r\n")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@BOTH_WAYS
@pytest.mark.parametrize(
    ("at_once", "dripped"),
    [
        pytest.param(b"", HEAD, id="status-line-and-headers"),
        pytest.param(HEAD + b"\r\n\r\n", BODY, id="body"),
        pytest.param(CHUNKED, b"1\r\n \r\n" * 20, id="chunks"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", BODY, id="body-until-the-connection-closes"),
    ],
)
def test_a_server_that_drips_holds_a_call_no_longer_than_both_time_outs(
    serve: Serve, connect: Connect, at_once: bytes, dripped: bytes
) -> None:
    server = serve(script=dripping(at_once, dripped))
    client = connect(server.url, connect_timeout=CONNECT, read_timeout=READ)
    assert READ < failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK


@BOTH_WAYS
def test_a_server_that_drips_inside_tls_is_bounded_as_well(
    serve: Serve, connect: Connect, tls: ssl.SSLContext
) -> None:
    server = serve(script=dripping(HEAD + b"\r\n\r\n", BODY), context=tls)
    client = connect(server.url, verify_ssl=False, connect_timeout=CONNECT, read_timeout=READ)
    assert READ < failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK


@BOTH_WAYS
def test_a_server_that_drips_on_a_reused_connection_is_bounded_as_well(serve: Serve, connect: Connect) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        server.read_request(sock)
        server.drip(sock, ENDLESS)

    server = serve(script=script)
    client = connect(server.url, connect_timeout=CONNECT, read_timeout=READ)
    RekognitionResults(client).get(SESSION_ID)
    assert READ < failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK
    assert server.connections == 1


@BOTH_WAYS
def test_a_silent_server_holds_a_call_for_the_read_time_out_only(serve: Serve, connect: Connect) -> None:
    server = serve(script=silent)
    client = connect(server.url, connect_timeout=30, read_timeout=READ)
    assert READ * 0.9 < failed_call(client, CallTimedOut) <= READ + SLACK
    assert len(server.requests) == 1


@BOTH_WAYS
def test_an_answer_that_comes_slowly_but_in_time_is_taken(serve: Serve, connect: Connect) -> None:
    body = reply(ANSWER)

    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        for part in (body[:20], body[20:60], body[60:]):
            server.stopped.wait(0.2)
            sock.sendall(part)

    client = connect(serve(script=script).url, connect_timeout=5, read_timeout=READ)
    assert RekognitionResults(client).get(SESSION_ID).session_id == SESSION_ID


@BOTH_WAYS
@pytest.mark.parametrize("unlimited", ["connect_timeout", "read_timeout"])
def test_a_time_out_of_0_takes_the_bound_off_the_whole_call(serve: Serve, connect: Connect, unlimited: str) -> None:
    limits = {"connect_timeout": 0.3, "read_timeout": 0.3, unlimited: 0}
    server = serve(
        script=lambda server, sock: (
            server.read_request(sock),
            server.drip(sock, b"HTTP/1.0 200 OK\r\n\r\n", every=0.05),
        )
    )
    begun = time.monotonic()
    with pytest.raises(PollError, match="blank"):
        RekognitionResults(connect(server.url, **limits)).get(SESSION_ID)
    assert time.monotonic() - begun > 0.7


@BOTH_WAYS
def test_a_read_time_out_without_a_connect_time_out_bounds_each_read(serve: Serve, connect: Connect) -> None:
    server = serve(script=silent)
    client = connect(server.url, connect_timeout=0, read_timeout=READ)
    assert READ * 0.9 < failed_call(client, CallTimedOut) <= READ + SLACK


@contextlib.contextmanager
def full_backlog(host: str) -> Iterator[int]:
    """A port where connecting hangs: it listens, takes nobody, and its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((host, 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((host, port))
        yield port


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)


def test_all_addresses_of_a_name_share_one_connect_time_out(
    monkeypatch: pytest.MonkeyPatch, connect: Connect
) -> None:
    with full_backlog("127.0.0.1") as one, full_backlog("127.0.0.2") as two:
        resolve_to(monkeypatch, ("127.0.0.1", one), ("127.0.0.2", two), ("127.0.0.1", one))
        client = connect("http://rekognition.example", connect_timeout=CONNECT, read_timeout=30)
        assert CONNECT * 0.9 < failed_call(client, CallTimedOut) <= CONNECT + SLACK


def test_an_address_that_hangs_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, connect: Connect
) -> None:
    server = serve(reply(ANSWER))
    with full_backlog("127.0.0.1") as dead:
        resolve_to(monkeypatch, ("127.0.0.1", dead), ("127.0.0.1", server.port))
        client = connect("http://rekognition.example", connect_timeout=CONNECT, read_timeout=READ)
        assert RekognitionResults(client).get(SESSION_ID).session_id == SESSION_ID


def test_a_tls_handshake_that_drips_is_part_of_connecting(serve: Serve, connect: Connect) -> None:
    # The head of a TLS record that promises 16 KiB, and then its bytes, one by one.
    server = serve(script=lambda server, sock: server.drip(sock, b"\x16\x03\x03\x40\x00" + b"\x02" * 100))
    client = connect(
        server.url.replace("http:", "https:"), verify_ssl=False, connect_timeout=CONNECT, read_timeout=READ
    )
    assert failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK


def test_a_proxy_that_drips_its_answer_is_part_of_connecting(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, connect: Connect
) -> None:
    proxy = serve(script=dripping(b"", b"HTTP/1.1 200 OK\r\n" + b"X-Padding: x\r\n" * 50))
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    client = connect("https://rekognition.example", connect_timeout=CONNECT, read_timeout=READ)
    assert failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK
    assert proxy.requests[0].startswith(b"CONNECT rekognition.example:443")


@BOTH_WAYS
def test_a_request_that_nobody_reads_is_bounded(serve: Serve, connect: Connect) -> None:
    server = serve(script=lambda server, _sock: server.stopped.wait())
    client = connect(server.url, connect_timeout=CONNECT, read_timeout=READ)
    # A request this large does not fit into the buffers of the two sockets; the API's own never gets near.
    client.meta.events.register("before-call.rekognition", lambda params, **_: params.update(body=b" " * 20_000_000))
    assert failed_call(client, CallTimedOut) <= CONNECT + READ + SLACK


@BOTH_WAYS
def test_calls_reuse_one_connection(serve: Serve, connect: Connect) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    for _ in range(3):
        results.get(SESSION_ID)
    assert (server.connections, len(server.requests)) == (1, 3)


def test_a_connection_that_the_server_closed_while_idle_is_replaced_without_a_fault(
    serve: Serve, connect: Connect
) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        sock.close()
        server.closed.set()

    server = serve(script=script)
    results = RekognitionResults(connect(server.url))
    for _ in range(2):
        server.closed.clear()
        results.get(SESSION_ID)
        assert server.closed.wait(5)
    assert server.connections == 2


@BOTH_WAYS
def test_a_connection_cut_in_the_middle_of_a_call_is_a_failed_connection(
    serve: Serve, connect: Connect, way: str
) -> None:
    server = serve(script=lambda server, sock: server.read_request(sock))
    failed_call(connect(server.url), ConnectionFailed)
    assert server.connections == (2 if way == "reused" else 1)  # see the next test


def closing(answered: bytes, when: str) -> Script:
    """Answers the first connection's first request; closes it at the second, or does not even read that."""

    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(reply(ANSWER))
        if server.connections == 1:
            if when == "after the request":
                server.read_request(sock)
                sock.sendall(answered)
            else:
                sock.recv(1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            sock.close()
        server.stopped.wait()

    return script


@pytest.mark.parametrize("when", ["after the request", "with a reset"])
def test_a_reused_connection_that_brings_nothing_is_replaced_once(serve: Serve, connect: Connect, when: str) -> None:
    """The server closed it while it was idle, and the request crossed that on its way."""
    server = serve(script=closing(b"", when))
    results = RekognitionResults(connect(server.url))
    for _ in range(2):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    assert server.connections == 2


def test_a_call_of_which_a_byte_was_answered_is_not_sent_again(serve: Serve, connect: Connect) -> None:
    server = serve(script=closing(b"H", "after the request"))
    results = RekognitionResults(connect(server.url))
    results.get(SESSION_ID)
    with pytest.raises(ConnectionFailed):
        results.get(SESSION_ID)
    assert (server.connections, len(server.requests)) == (1, 2)


def test_the_second_connection_of_a_call_has_what_is_left_of_its_time(serve: Serve, connect: Connect) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        if server.connections == 1:
            sock.sendall(reply(ANSWER))
            server.read_request(sock)
            server.stopped.wait(CONNECT)
            return
        server.drip(sock, ENDLESS)

    client = connect(serve(script=script).url, connect_timeout=CONNECT, read_timeout=2 * CONNECT)
    RekognitionResults(client).get(SESSION_ID)
    assert failed_call(client, CallTimedOut) <= 3 * CONNECT + SLACK


def test_keep_alive_probes_come_before_a_nat_forgets_the_connection(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, connect: Connect
) -> None:
    made: list[socket.socket] = []
    original = connect_to_any

    def spy(*args: Any) -> socket.socket:
        made.append(original(*args))
        return made[-1]

    monkeypatch.setattr(connector, "connect_to_any", spy)
    client = connect(serve(reply(ANSWER)).url)
    RekognitionResults(client).get(SESSION_ID)
    assert made[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    if not hasattr(socket, "TCP_KEEPIDLE"):
        pytest.skip("this platform can't time keep-alive probes")
    assert made[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < 350


def assumes_a_role(sts: Server, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "token").write_text("made-up")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/watcher")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)


@pytest.mark.parametrize("script", [silent, dripping(HEAD + b"\r\n\r\n", BODY * 100)], ids=["silent", "dripping"])
def test_fetching_credentials_is_bounded_as_well(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: Script
) -> None:
    sts, server = serve(script=script), serve(reply(ANSWER))
    assumes_a_role(sts, monkeypatch, tmp_path)
    client = connect(server.url, sign_request=True, connect_timeout=CONNECT, read_timeout=READ)
    begun = time.monotonic()
    with pytest.raises(PollError):
        RekognitionResults(client).get(SESSION_ID)
    assert time.monotonic() - begun < 10  # to drip all of it takes minutes
    assert (len(sts.requests), server.requests) == (1, [])


def test_credentials_come_over_connections_of_our_own(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = b"""<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>made-up</AccessKeyId><SecretAccessKey>made-up</SecretAccessKey><SessionToken>made-up</SessionToken>
        <Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
        </AssumeRoleWithWebIdentityResponse>"""
    sts, server = serve(reply(answer)), serve(reply(ANSWER))
    assumes_a_role(sts, monkeypatch, tmp_path)
    assert RekognitionResults(connect(server.url, sign_request=True, read_timeout=5)).get(SESSION_ID)
    assert (len(sts.requests), len(server.requests)) == (1, 1)
    assert b"x-amz-security-token: made-up" in server.requests[0].lower()

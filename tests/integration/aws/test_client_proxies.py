"""Calls through proxies: the tunnel, the absolute form, TLS in TLS, who needs none, and the time limit in each."""

import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.proxies import AUTHORIZATION, tunnel, with_password
from tests.integration.support.servers import ANSWER, SESSION_ID, Script, Server, reply
from tests.support import BUSY
from watcher.domain.errors import CallTimedOut, ConnectionFailed
from watcher.rekognition import RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_https_goes_through_a_tunnel_that_is_kept(
    serve: Serve,
    connect: Connect,
    secure: Server,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    proxy = serve(script=tunnel)
    monkeypatch.setenv(name, with_password(proxy.url))
    results = RekognitionResults(connect(secure.url, ca_bundle=str(certificate[0]), read_timeout=5))
    for _ in range(3):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    (head,) = proxy.requests
    assert head.startswith(b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d" % (secure.port, secure.port))
    assert AUTHORIZATION in head
    assert [AUTHORIZATION in request for request in secure.requests] == [False] * 3


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_http_goes_in_the_absolute_form(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy = serve(reply(ANSWER))
    monkeypatch.setenv(name, with_password(proxy.url))
    results = RekognitionResults(connect("http://rekognition.example:81"))
    for _ in range(2):
        results.get(SESSION_ID)
    assert proxy.connections == 1
    for request in proxy.requests:
        assert request.startswith(b"POST http://rekognition.example:81/ HTTP/1.1\r\n")
        assert b"Host: rekognition.example:81\r\n" in request
        assert AUTHORIZATION in request


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_https_goes_through_an_https_proxy(
    serve: Serve,
    connect: Connect,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
) -> None:
    server = serve(reply({**ANSWER, "Padding": "x" * size}), context=tls)
    proxy = serve(script=tunnel, context=tls)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    results = RekognitionResults(
        connect(server.url, ca_bundle=str(certificate[0]), connect_timeout=5, read_timeout=5)
    )
    for _ in range(3):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    assert (server.connections, proxy.connections) == (1, 1)


def test_tls_inside_of_tls_is_checked_too(
    serve: Serve,
    connect: Connect,
    secure: Server,
    tls: ssl.SSLContext,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", serve(script=tunnel, context=tls).url)
    url = secure.url.replace("localhost", "127.0.0.1")
    with pytest.raises(ConnectionFailed, match=r"aws\.ca_bundle"):
        RekognitionResults(connect(url, ca_bundle=str(certificate[0]), read_timeout=5)).get(SESSION_ID)
    assert secure.requests == []


def drip_answer(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)
    server.drip(sock, reply(ANSWER) + b" " * 1000)


def drip_after_the_tunnel(server: Server, sock: socket.socket) -> None:
    """The head of a TLS record that promises 16 KiB, and then its bytes, one by one."""
    server.read_request(sock)
    sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    server.drip(sock, b"\x16\x03\x03\x40\x00" + b"\x02" * 1000)


@pytest.mark.parametrize("is_secure", [False, True], ids=["http-proxy", "https-proxy"])
@pytest.mark.parametrize("where", ["target", "tunnel", "proxy"])
def test_whoever_drips_the_call_ends_in_time(
    serve: Serve,
    connect: Connect,
    tls: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    *,
    is_secure: bool,
) -> None:
    scripts: dict[str, Script] = {"target": tunnel, "tunnel": drip_after_the_tunnel, "proxy": drip_answer}
    target = serve(script=drip_answer, context=tls)
    proxy = serve(script=scripts[where], context=tls if is_secure else None)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    client = connect(target.url, verify_ssl=False, connect_timeout=0.5, read_timeout=0.4)
    begun = time.monotonic()
    with pytest.raises(CallTimedOut):
        RekognitionResults(client).get(SESSION_ID)
    assert time.monotonic() - begun <= 0.9 + BUSY  # to drip all of it takes minutes


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("value", ["localhost", "*", "other, localhost", "localhost:{port}"])
def test_a_name_that_needs_no_proxy_is_called_straight(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    server = serve(reply(ANSWER))
    monkeypatch.setenv("HTTP_PROXY", "http://localhost:1")
    monkeypatch.setenv(name, value.format(port=server.port))
    assert RekognitionResults(connect(server.url)).get(SESSION_ID).session_id == SESSION_ID


def test_a_proxy_for_another_scheme_is_not_used(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://localhost:1")
    assert RekognitionResults(connect(serve(reply(ANSWER)).url)).get(SESSION_ID).session_id == SESSION_ID


def test_the_proxys_password_is_in_no_error(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:hunter2@localhost:1")
    with pytest.raises(ConnectionFailed, match="http://localhost:1") as caught:
        RekognitionResults(connect("http://rekognition.example")).get(SESSION_ID)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error!r} {vars(error)}"
        error = error.__cause__

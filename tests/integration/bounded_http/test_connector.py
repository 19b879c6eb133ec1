"""Opening a connection, directly or through a proxy: what is asked of a proxy, and whose fault a failure is."""

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import chain, repeat
from pathlib import Path

import pytest

from tests.integration.support.proxies import AUTHORIZATION, with_password
from tests.integration.support.servers import Server, reply
from watcher.bounded_http.connect import Address, Resolver, resolve
from watcher.bounded_http.connection import DeadlineConnection
from watcher.bounded_http.connector import Connector
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import (
    ConnectFailed,
    ConnectionBroken,
    HttpError,
    ProxyFailed,
    ReadTimedOut,
    TlsFailed,
)
from watcher.bounded_http.origin import split
from watcher.bounded_http.proxy import parse_proxy
from watcher.bounded_http.tls import Tls

Serve = Callable[..., Server]
PLENTY = 30.0


class OnlyToConnect(Deadline):
    """Plenty of time for the first operation, and next to none for the others."""

    def __init__(self) -> None:
        super().__init__(PLENTY, PLENTY)
        self._lefts = chain([PLENTY], repeat(0.01))

    def left(self) -> float:
        return next(self._lefts)


def opened(
    url: str,
    proxy: str = "",
    tls: Tls | None = None,
    resolver: Resolver | None = None,
    deadline: Deadline | None = None,
) -> DeadlineConnection:
    origin, _ = split(url)
    connector = Connector(origin, parse_proxy(proxy) if proxy else None, tls or Tls(), resolver)
    return connector.open(deadline or Deadline(PLENTY, PLENTY))


def refusing() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def hang_up(server: Server, sock: socket.socket) -> None:
    server.read_request(sock)


def test_a_connection_that_is_opened_can_carry_a_call(serve: Serve) -> None:
    with closing(opened(serve(reply(b"ok")).url)) as connection:
        assert connection.is_idle()
        connection.exchange(b"GET / HTTP/1.1\r\n\r\n", Deadline(PLENTY, PLENTY), lambda source: source.recv(5))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "no-such-host.invalid"])
def test_a_port_or_a_name_that_does_not_answer_is_told_in_the_systems_words(name: str) -> None:
    with pytest.raises(ConnectFailed) as caught:
        opened(f"http://{name}:{refusing()}")
    assert str(caught.value)
    assert "[Errno" not in str(caught.value)


def test_a_resolver_of_ones_own_chooses_the_addresses(serve: Serve) -> None:
    server, asked = serve(), list[tuple[str, int]]()

    def resolver(name: str, port: int) -> Sequence[Address]:
        asked.append((name, port))
        return resolve("localhost", server.port)

    opened("http://receiver.example:81", resolver=resolver).close()
    assert asked == [("receiver.example", 81)]


@pytest.mark.parametrize("is_proxied", [False, True])
def test_a_resolver_that_rejects_the_name_keeps_it_from_being_called(serve: Serve, *, is_proxied: bool) -> None:
    proxy = serve()

    def reject(_name: str, _port: int) -> Sequence[Address]:
        raise OSError("10.0.0.1 is not a public address")

    with pytest.raises(ConnectFailed, match=r"10\.0\.0\.1 is not a public address"):
        opened("https://receiver.example", proxy=proxy.url if is_proxied else "", resolver=reject)
    assert proxy.connections == 0


def test_a_server_without_tls_is_a_fault_of_tls(serve: Serve) -> None:
    server = serve(script=lambda _, sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(TlsFailed):
        opened(f"https://localhost:{server.port}")


def test_a_handshake_without_an_end_is_a_time_out(serve: Serve) -> None:
    server = serve(script=lambda server, _: server.stopped.wait())
    with pytest.raises(ReadTimedOut, match="no TLS handshake"):
        opened(f"https://127.0.0.1:{server.port}", deadline=OnlyToConnect())


def test_a_certificate_that_nobody_trusts_is_a_fault_of_tls(secure: Server, certificate: tuple[Path, Path]) -> None:
    with pytest.raises(TlsFailed, match="certificate"):
        opened(secure.url)
    opened(secure.url, tls=Tls(ca_file=str(certificate[0]))).close()


def test_a_tunnel_is_asked_for_with_the_password_and_then_encrypted(
    serve: Serve, tls: ssl.SSLContext, certificate: tuple[Path, Path]
) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(sock, server_side=True) as inside:
            inside.recv(1)

    proxy = serve(script=script)
    url = with_password(proxy.url)
    opened("https://localhost:8443", proxy=url, tls=Tls(ca_file=str(certificate[0]))).close()
    assert proxy.requests == [b"CONNECT localhost:8443 HTTP/1.1\r\nHost: localhost:8443\r\n" + AUTHORIZATION]


def test_nothing_is_asked_of_a_proxy_for_a_target_without_tls(serve: Serve) -> None:
    proxy = serve()
    opened("http://receiver.example", proxy=proxy.url).close()
    assert proxy.hung_up.wait(PLENTY)
    assert proxy.requests == []


@pytest.mark.parametrize(
    ("script", "expected", "words"),
    [
        (
            lambda server, sock: (server.read_request(sock), sock.sendall(reply(b"", "407 No"))),
            ProxyFailed,
            r"refuses a tunnel to receiver\.example:443: HTTP 407$",
        ),
        (hang_up, ConnectionBroken, "the connection broke"),
    ],
    ids=["refuses", "hangs up"],
)
def test_a_proxy_that_opens_no_tunnel_has_its_kind(
    serve: Serve, script: Callable[..., object], expected: type[HttpError], words: str
) -> None:
    proxy = serve(script=script).url.replace("//", "//user:hunter2@")
    with pytest.raises(expected, match=words) as caught:
        opened("https://receiver.example", proxy=proxy)
    assert "hunter2" not in str(caught.value)


def test_a_proxy_that_says_nothing_is_a_time_out(serve: Serve) -> None:
    proxy = serve(script=lambda server, _: server.stopped.wait())
    with pytest.raises(ReadTimedOut, match="no tunnel, in time"):
        opened("https://receiver.example", proxy=f"http://127.0.0.1:{proxy.port}", deadline=OnlyToConnect())


def test_a_proxy_that_can_not_be_reached_is_named_without_its_password(secure: Server) -> None:
    port = refusing()
    with pytest.raises(ProxyFailed, match=rf"^the proxy http://localhost:{port} can't be reached: ") as caught:
        opened("https://receiver.example", proxy=f"http://user:hunter2@localhost:{port}")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ProxyFailed, match=rf"^the proxy {secure.url} fails its TLS handshake: "):
        opened("https://receiver.example", proxy=secure.url)

"""TLS for connections: which certificates are trusted, when their files are read, and TLS inside of TLS."""

import os
import shutil
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support import proxies
from tests.integration.support.servers import Server
from watcher.bounded_http.limits import LIMITS
from watcher.bounded_http.tls import NestedTls, Tls

Serve = Callable[..., Server]
PLENTY = 30.0
LARGE = bytes(range(256)) * (LIMITS.read_size // 64)


def echo(_: Server, sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


@pytest.fixture
def server(serve: Serve, tls: ssl.SSLContext) -> Server:
    """Sends back what it gets."""
    return serve(script=echo, context=tls)


@pytest.fixture
def ca_file(certificate: tuple[Path, Path]) -> str:
    return str(certificate[0])


def connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PLENTY)


def received(sock: Any, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += sock.recv(LIMITS.read_size)
    return data


def wrapped(tls: Tls, server: Server, name: str = "localhost") -> Any:
    sock = connected(server)
    try:
        return tls.wrap(sock, name)
    finally:
        sock.close()  # a wrapped socket lives on


def test_a_certificate_is_trusted_by_its_ca_and_for_its_name_only(server: Server, ca_file: str) -> None:
    with closing(wrapped(Tls(ca_file=ca_file), server)) as sock:
        sock.sendall(b"hello")
        assert received(sock, 5) == b"hello"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        wrapped(Tls(ca_file=ca_file), server, "other.example")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed"):
        wrapped(Tls(), server)


def test_without_verification_any_certificate_will_do_and_no_file_is_read(server: Server) -> None:
    wrapped(Tls(verify=False, ca_file="/nowhere"), server, "other.example").close()


def test_a_context_of_ones_own_counts_instead_of_all_else(server: Server, ca_file: str) -> None:
    context = ssl.create_default_context(cafile=ca_file)
    wrapped(Tls(context=context, ca_file="/nowhere"), server).close()


def test_a_ca_file_is_read_for_every_connection(server: Server, ca_file: str, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    tls = Tls(ca_file=str(path))
    with pytest.raises(ssl.SSLError, match="the CA file: No such file or directory"):
        wrapped(tls, server)
    path.write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        wrapped(tls, server)
    shutil.copyfile(ca_file, path)
    wrapped(tls, server).close()


def test_a_pipe_in_place_of_a_ca_file_holds_up_no_call(server: Server, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLError, match="the CA file: not a regular file"):
        wrapped(Tls(ca_file=str(tmp_path / "ca.pem")), server)


@pytest.mark.parametrize("is_one_file", [False, True])
def test_a_server_can_ask_for_the_clients_certificate(
    serve: Serve, tls: ssl.SSLContext, certificate: tuple[Path, Path], tmp_path: Path, *, is_one_file: bool
) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate[0])
    cert, key = map(str, certificate)
    if is_one_file:
        both = tmp_path / "both.pem"
        both.write_text(certificate[0].read_text() + certificate[1].read_text())
    server = serve(script=echo, context=tls)
    given = str(both) if is_one_file else (cert, key)
    with closing(wrapped(Tls(ca_file=cert, client_cert=given), server)) as sock:
        sock.sendall(b"hello")
        assert received(sock, 5) == b"hello"


def test_a_proxy_is_verified_where_that_is_asked_for(server: Server, ca_file: str) -> None:
    for tls, verify in ((Tls(), False), (Tls(ca_file=ca_file), True)):
        with connected(server) as sock:
            tls.wrap_proxy(sock, "localhost", verify=verify).close()
    with connected(server) as sock, pytest.raises(ssl.SSLCertVerificationError):
        Tls().wrap_proxy(sock, "localhost", verify=True)


@pytest.fixture
def relay(serve: Serve, tls: ssl.SSLContext, server: Server) -> Server:
    """Passes what comes inside of its TLS on to the server, and back."""

    def script(_: Server, sock: socket.socket) -> None:
        with connected(server) as target:
            proxies.relay(sock, target)

    return serve(script=script, context=tls)


def nested(relay: Server, ca_file: str) -> NestedTls:
    tls = Tls(ca_file=ca_file)
    with connected(relay) as sock:
        outer = tls.wrap_proxy(sock, "localhost", verify=True)
    found = tls.wrap(outer, "localhost")
    assert isinstance(found, NestedTls)
    return found


def test_tls_inside_of_tls_carries_data_of_any_size(relay: Server, ca_file: str) -> None:
    with closing(nested(relay, ca_file)) as sock:
        for data in (b"a", LARGE):
            sock.sendall(data)
            assert received(sock, len(data)) == data
        sock.sendall(b"0123456789")
        assert sock.recv(4) == b"0123"
        assert sock.pending() == 6
        room = memoryview(bytearray(10))
        assert (sock.recv_into(room), bytes(room[:6])) == (6, b"456789")
        assert sock.pending() == 0


def test_tls_inside_of_tls_is_verified_too(relay: Server, ca_file: str) -> None:
    with connected(relay) as sock:
        outer = Tls(ca_file=ca_file).wrap_proxy(sock, "localhost", verify=True)
    with closing(outer), pytest.raises(ssl.SSLCertVerificationError):
        Tls(ca_file=ca_file).wrap(outer, "other.example")


def test_tls_inside_of_tls_has_a_time_out_and_an_end(relay: Server, server: Server, ca_file: str) -> None:
    with closing(nested(relay, ca_file)) as sock:
        sock.settimeout(0.02)
        assert sock.gettimeout() == 0.02
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(PLENTY)
        server.close()
        assert sock.recv(1) == b""

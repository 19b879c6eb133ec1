"""Opening a connection to an origin, directly or through a proxy, including TLS."""

import ssl
from http.client import HTTPException
from typing import Any

from watcher.bounded_http.connect import Resolver, connect_to_any, resolve
from watcher.bounded_http.connection import DeadlineConnection
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import (
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    HttpError,
    ProxyFailed,
    ReadTimedOut,
    TlsFailed,
)
from watcher.bounded_http.http1 import read_head
from watcher.bounded_http.origin import Origin
from watcher.bounded_http.proxy import Proxy
from watcher.bounded_http.tls import Tls


class Connector:
    """Opens connections to one origin."""

    def __init__(self, origin: Origin, proxy: Proxy | None, tls: Tls, resolve_target: Resolver | None = None) -> None:
        """`resolve_target`: resolves the origin's name, and may reject it; called even if a proxy connects."""
        self._origin, self._proxy, self._tls = origin, proxy, tls
        self._resolve_target = resolve_target

    def open(self, deadline: Deadline) -> DeadlineConnection:
        """A new connection, within the deadline's connect limit.

        Raises:
            HttpError: there is none.
        """
        deadline.start_connecting()
        sock = self._connect(deadline)
        try:
            if self._proxy is not None and self._proxy.origin.is_tls:
                sock = self._encrypt_to_proxy(sock, self._proxy, deadline)
            if self._proxy is not None and self._origin.is_tls:
                self._tunnel(sock, self._proxy, deadline)
            if self._origin.is_tls:
                sock.settimeout(deadline.left())
                sock = self._tls.wrap(sock, self._origin.server_name)
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError | HTTPException):
                raise _handshake_error(error) from error
            raise
        return DeadlineConnection(sock, deadline)

    def _connect(self, deadline: Deadline) -> Any:
        try:
            found = self._resolve_target(self._origin.host, self._origin.port) if self._resolve_target else None
            if self._proxy is not None:
                return self._connect_to_proxy(self._proxy, deadline)
            addresses = found if found is not None else resolve(self._origin.host, self._origin.port)
            return connect_to_any(addresses, deadline.left)
        except TimeoutError as error:
            raise ConnectTimedOut("no connection in time") from error
        except OSError as error:
            raise ConnectFailed(error.strerror or str(error)) from error

    def _connect_to_proxy(self, proxy: Proxy, deadline: Deadline) -> Any:
        try:
            return connect_to_any(resolve(proxy.origin.host, proxy.origin.port), deadline.left)
        except OSError as error:
            raise _proxy_failed(proxy, "can't be reached", error) from error

    def _encrypt_to_proxy(self, sock: Any, proxy: Proxy, deadline: Deadline) -> Any:
        try:
            sock.settimeout(deadline.left())
            return self._tls.wrap_proxy(sock, proxy.origin.server_name, verify=self._origin.is_tls)
        except OSError as error:
            raise _proxy_failed(proxy, "fails its TLS handshake", error) from error

    def _tunnel(self, sock: Any, proxy: Proxy, deadline: Deadline) -> None:
        authority = self._origin.authority
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}", *_lines(proxy)]
        source = _Bounded(sock, deadline)
        source.send("\r\n".join([*lines, "", ""]).encode())
        status = read_head(source, "CONNECT").status
        if not 200 <= status < 300:
            raise ProxyFailed(f"the proxy {proxy.shown} refuses a tunnel to {authority}: HTTP {status}")


def _lines(proxy: Proxy) -> list[str]:
    return [f"{name}: {value}" for name, value in proxy.headers.items()]


def _proxy_failed(proxy: Proxy, what: str, error: OSError) -> ProxyFailed:
    return ProxyFailed(f"the proxy {proxy.shown} {what}: {error.strerror or error}")


def _handshake_error(error: OSError | HTTPException) -> HttpError:
    if isinstance(error, TimeoutError):
        return ReadTimedOut("no TLS handshake, or no tunnel, in time")
    if isinstance(error, ssl.SSLError):
        return TlsFailed(str(error))
    return ConnectionBroken(f"the connection broke ({type(error).__name__})")


class _Bounded:
    """A source while the connection is being established."""

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def send(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def recv(self, count: int) -> bytes:
        self._sock.settimeout(self._deadline.left())
        data: bytes = self._sock.recv(count)
        return data

    def recv_into(self, room: memoryview) -> int:
        data = self.recv(len(room))
        room[: len(data)] = data
        return len(data)

"""One POST to a webhook's receiver: to a checked address, bounded in time and size, without redirects."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as LateError
from urllib3.util import make_headers

from watcher.aws.bounded import BoundedCalls
from watcher.aws.dial import connect_to_any, keepalive_options
from watcher.errors import SinkError
from watcher.sinks.addresses import permitted

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 15.0
"""Seconds; a call gets their sum at most. Standard Webhooks recommends 15 to 30 for all of it."""

_BODY_READ = 16 * 1024
"""Bytes of an answer that are read, so that the connection can be used again; what it says is of no interest."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said; header names in lower case."""

    status: int
    headers: Mapping[str, str]


class Poster:
    """Posts to one URL over connections that are kept. Threads may share it."""

    def __init__(
        self,
        url: str,
        *,
        allow_private: bool,
        connections: int,
        tls: ssl.SSLContext | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        parts = urlsplit(url)
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        """The URL without its path and query, which often carry a token."""
        self._path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        self._headers = _credentials(parts)
        self._seconds = connect_timeout + read_timeout
        members = {"connect_limit": connect_timeout, "read_limit": read_timeout, "allow_private": allow_private}
        options: dict[str, Any] = {
            "maxsize": connections,
            "timeout": Timeout(connect=connect_timeout, read=read_timeout),
            "retries": False,
        }
        host = parts.hostname or ""
        if parts.scheme == "https":
            self._pool: Any = HTTPSConnectionPool(host, parts.port, ssl_context=tls, **options)
            self._pool.ConnectionCls = type("CheckedHTTPS", (_CheckedCalls, HTTPSConnection), members)
        else:
            self._pool = HTTPConnectionPool(host, parts.port, **options)
            self._pool.ConnectionCls = type("CheckedHTTP", (_CheckedCalls, HTTPConnection), members)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once.

        Raises:
            SinkError: no status came back in time.
        """
        try:
            response = self._pool.urlopen(
                "POST",
                self._path,
                body=body,
                headers={**self._headers, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except (HTTPError, OSError, ValueError) as error:
            raise SinkError(f"{self.shown}: {self._words(error)}") from error
        try:
            return Answer(response.status, {name.lower(): value for name, value in response.headers.items()})
        finally:
            _finish(response)

    def _words(self, error: Exception) -> str:
        match error:
            case NewConnectionError():
                cause = error.__cause__
                return str(getattr(cause, "strerror", None) or cause or "no connection")
            case ConnectTimeoutError():
                return "no connection in time"
            case SSLError():
                return f"TLS: {error}"
            case LateError() | TimeoutError():
                return f"no answer within {self._seconds:g} s"
            case ProtocolError(args=(_, Exception() as cause)):
                return f"the connection broke ({type(cause).__name__})"
        return type(error).__name__  # the text can hold a part of the answer

    def close(self) -> None:
        """Close the connections that are not in use; those that are close when their call ends."""
        self._pool.close()


class _CheckedCalls(BoundedCalls):
    """Connections that resolve the name, check its addresses, and connect to one of those that were checked.

    The name stays what TLS and the Host header see: only the socket is made from the address.
    """

    allow_private: bool

    def _new_conn(self) -> socket.socket:
        options = [*(self.socket_options or ()), *keepalive_options()]
        try:
            # Resolved by whatever socket.getaddrinfo is now; the addresses themselves resolve to nothing else.
            name = self._dns_host.strip("[]")
            addresses = permitted(name, self.port, allow_private=self.allow_private, resolve=socket.getaddrinfo)
            sock = self._connect_to(addresses, options)
            self._arm(sock)
        except OSError as error:
            is_late = isinstance(error, TimeoutError)
            kind: Any = ConnectTimeoutError if is_late else NewConnectionError
            raise kind(self, str(error)) from error
        return sock

    def _connect_to(self, addresses: list[str], options: Any) -> socket.socket:
        for number, address in enumerate(addresses, start=1):
            seconds = self._left()
            is_last = number == len(addresses)
            share = seconds if is_last or seconds is None else seconds / 2
            try:
                return connect_to_any(address, self.port, options, lambda share=share: share)  # type: ignore[misc]
            except OSError:
                if is_last:
                    raise
        raise OSError("no address")


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    return dict(make_headers(basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}"))


def _finish(response: Any) -> None:
    """Make the connection usable again by reading a small body; a large or slow one costs the connection."""
    try:
        is_long = len(response.read(_BODY_READ + 1, decode_content=False)) > _BODY_READ
        if is_long or response.status < 200:  # 101: what comes now is no HTTP
            response.close()
    except (HTTPError, OSError, ValueError):
        response.close()  # the status has come: what happens to the body changes nothing about it
    finally:
        response.release_conn()

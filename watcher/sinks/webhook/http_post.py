"""One POST to a webhook's receiver: to a checked address, bounded in time and size, without redirects."""

import base64
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from watcher.bounded_http.client import ConnectionSettings, HttpClient
from watcher.bounded_http.errors import (
    ConnectionBroken,
    ConnectTimedOut,
    HttpError,
    ReadTimedOut,
    ResponseTooLarge,
    TlsFailed,
)
from watcher.bounded_http.tls import Tls
from watcher.domain.errors import NoAnswer, SinkError
from watcher.sinks.webhook.ssrf_guard import permitted
from watcher.util.http_date import http_date

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 15.0
"""Seconds; a call gets at most their sum. Standard Webhooks recommends 15 to 30 in total."""

LONGEST_RETRY_AFTER = 300.0
"""Maximum seconds that a receiver can ask for: decisions are needed while the person still waits."""

_UNANSWERED = (ConnectionBroken, ReadTimedOut, ResponseTooLarge)
"""Faults after the receiver was reached. All others happen before: the name, the connection, a proxy, TLS."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]


class Poster:
    """Posts to one URL over persistent connections. Thread-safe.

    The status line is the answer; the body is not waited for. A proxy from the environment (HTTPS_PROXY, HTTP_PROXY,
    NO_PROXY) is used, but the receiver's addresses are still resolved and checked.
    """

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
        """Look up the proxy; nothing is called.

        Raises:
            HttpError: the URL, or the proxy's, is invalid.
        """
        parts = urlsplit(url)
        self.shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        """The URL without its path and query, which often carry a token."""
        self._url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        self._headers = _credentials(parts)
        self._seconds = connect_timeout + read_timeout
        self._client = HttpClient(
            ConnectionSettings(
                connect_timeout,
                read_timeout,
                max_body=0,
                connections=connections,
                tls=Tls(context=tls),
                resolve_target=partial(_permitted_addresses, allow_private=allow_private),
            )
        )
        proxy = self._client.proxy_for(self._url)
        self.proxy = proxy.shown if proxy else ""
        """The URL of the proxy without its password; empty without a proxy."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once.

        Raises:
            NoAnswer: the receiver got the body, but no status came back in time.
            SinkError: it was not reached.
        """
        sent = {**self._headers, **headers}
        try:
            head = self._client.call_for_head("POST", self._url, sent.items(), body)
        except HttpError as error:
            kind = NoAnswer if isinstance(error, _UNANSWERED) else SinkError
            raise kind(f"{self.shown}: {self._words(error)}") from error
        return Answer(head.status, head.headers)

    def _words(self, error: HttpError) -> str:
        match error:
            case ConnectTimedOut():
                return "no connection in time"
            case TlsFailed():
                return f"TLS: {error}"
            case ReadTimedOut():
                return f"no answer within {self._seconds:g} s"
        return str(error)

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by Retry-After (RFC 9110, 10.2.3: seconds or a date), 0 to 300; None if it is invalid.

    `now` is in epoch seconds, by the receiver's clock if it sends a date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST_RETRY_AFTER)
    at = http_date(text)
    return None if at is None else min(max(at - now, 0.0), LONGEST_RETRY_AFTER)


def _permitted_addresses(name: str, port: int, *, allow_private: bool) -> Sequence[tuple[Any, ...]]:
    """Resolves and checks the name once; afterwards only the addresses are used."""
    addresses = permitted(name, port, allow_private=allow_private, resolve=socket.getaddrinfo)
    found = [socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM) for address in addresses]
    return [entry for entries in found for entry in entries]


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    token = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(token).decode()}"}

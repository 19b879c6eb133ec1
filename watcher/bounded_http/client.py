"""Calls to any URL, over persistent connections."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple

from watcher.bounded_http.connect import Resolver
from watcher.bounded_http.connector import Connector
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import InvalidRequest
from watcher.bounded_http.http1 import Head, Response
from watcher.bounded_http.origin import Origin, split, target
from watcher.bounded_http.pool import Pool
from watcher.bounded_http.proxy import Proxy, proxy_for
from watcher.bounded_http.tls import Tls

Headers = Iterable[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """`connect_timeout` and `read_timeout`: seconds, 0 means no limit; a call gets their sum.

    `max_body`: maximum bytes of a body. `connections`: how many are kept per origin. `proxies`: URLs by the target's
    scheme, instead of the environment's. `resolve_target`: see `Connector`.
    """

    connect_timeout: float
    read_timeout: float
    max_body: int
    connections: int
    tls: Tls = field(default_factory=Tls)
    proxies: Mapping[str, str] | None = None
    resolve_target: Resolver | None = None


class _Route(NamedTuple):
    """The target of a URL: its connections, and the start of a request, with the headers for the proxy."""

    url: str
    method: str
    pool: Pool
    begin: bytes
    host: bytes
    proxy: Proxy | None


class HttpClient:
    """Thread-safe. Proxies are looked up once per origin."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._settings = settings
        self._pools: dict[Origin, tuple[Pool, Proxy | None]] = {}
        self._lock = Lock()
        self._last: _Route | None = None  # most clients call one URL

    def call(
        self, method: str, url: str, headers: Headers, body: bytes = b"", read_timeout: float | None = None
    ) -> Response:
        """Send a request and read the response; `read_timeout` is for this call only.

        Raises:
            HttpError: the call failed.
        """
        route = self._route(method, url)
        message = _message(route, headers, body)
        return route.pool.call(message, method, self._deadline(read_timeout), self._settings.max_body)

    def call_for_head(self, method: str, url: str, headers: Headers, body: bytes = b"") -> Head:
        """Send a request and read status and headers of the response, without waiting for its body.

        Raises:
            HttpError: the call failed.
        """
        route = self._route(method, url)
        return route.pool.call_for_head(_message(route, headers, body), method, self._deadline(None))

    def proxy_for(self, url: str) -> Proxy | None:
        """The proxy that calls to this URL go through.

        Raises:
            InvalidRequest: the URL, or the proxy's, is invalid.
        """
        return self._route("GET", url).proxy

    def close(self) -> None:
        """Close the connections. Another call opens new ones."""
        with self._lock:
            pools = [pool for pool, _ in self._pools.values()]
        for pool in pools:
            pool.close()

    def _deadline(self, read_timeout: float | None) -> Deadline:
        limit = self._settings.read_timeout if read_timeout is None else read_timeout
        return Deadline(self._settings.connect_timeout, limit)

    def _route(self, method: str, url: str) -> _Route:
        route = self._last
        if route is None or route.url != url or route.method != method:
            self._last = route = self._new_route(method, url)
        return route

    def _new_route(self, method: str, url: str) -> _Route:
        origin, parts = split(url)
        pool, proxy = self._pool(origin)
        path, lines = target(parts), []
        if proxy is not None and not origin.is_tls:
            path = f"{origin.scheme}://{origin.host_header}{path}"
            lines = [f"{name}: {value}" for name, value in proxy.headers.items()]
        if not path.isascii() or any(character <= " " or character == "\x7f" for character in path + method):
            raise InvalidRequest("the URL has characters that have to be escaped")
        begin = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, ""]).encode()
        return _Route(url, method, pool, begin, f"Host: {origin.host_header}\r\n".encode(), proxy)

    def _pool(self, origin: Origin) -> tuple[Pool, Proxy | None]:
        with self._lock:
            found = self._pools.get(origin)
            if found is None:
                proxy = proxy_for(origin, self._settings.proxies)
                connector = Connector(origin, proxy, self._settings.tls, self._settings.resolve_target)
                found = self._pools[origin] = (Pool(connector.open, self._settings.connections), proxy)
        return found


def _message(route: _Route, headers: Headers, body: bytes) -> bytes:
    parts, names = [route.begin], set()
    for name, value in headers:
        names.add(name.lower())
        parts.append(b"%b: %b\r\n" % (name.encode(), value if isinstance(value, bytes) else value.encode()))
    head = b"".join(parts)
    # A line break in a value would start another header.
    if not head.count(b"\n") == head.count(b"\r") == route.begin.count(b"\n") + len(parts) - 1:
        raise InvalidRequest("a header has a line break in its name or value")
    return b"".join([head, *_missing(route, names, body), b"\r\n", body])


def _missing(route: _Route, names: set[str], body: bytes) -> Iterator[bytes]:
    if "host" not in names:
        yield route.host
    if "accept-encoding" not in names:
        yield b"Accept-Encoding: identity\r\n"
    if "content-length" not in names and (body or route.method in {"POST", "PUT", "PATCH"}):
        yield b"Content-Length: %d\r\n" % len(body)

"""The lean way for a client's calls: over urllib3's connections, but past urllib3 and http.client.

Those two take 40 % of what one poll costs. botocore's `before-send` hook lets a handler send the request itself. This
one takes an idle connection out of the pool that botocore's own HTTP session keeps, makes the call on it, and puts it
back. Whenever there is none it declines: then botocore sends, in its own way, and opens a connection on the way. So
connecting (addresses, TLS, CA bundle, client certificates, the connect time-out) is only ever done by botocore, and
whatever a setting asks for that is not plain (a proxy, a streamed body) simply goes the stock way.
"""

from http.client import HTTPException
from queue import Empty
from ssl import SSLError
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import ref

from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from urllib3.util.connection import is_connection_dropped

from watcher.aws.bounded import BoundedCalls

_POOL_PARTS = ("pool", "_put_conn")
_SESSION_PARTS = ("_manager", "_proxy_config")
_NOT_PLAIN = {"accept-encoding", "expect", "host", "transfer-encoding"}
"""Headers that http.client does something about."""


def send_leanly(client: Any, service_id: str) -> bool:
    """Let `client`, whose calls are bounded (`bound_calls`), send the lean way where it can; whether it may.

    `service_id`: the service's name in botocore's events. With a proxy, and with a botocore or urllib3 that are not
    built as expected, all stays as it is.
    """
    url, session = client.meta.endpoint_url, client._endpoint.http_session  # noqa: SLF001 - pinned by a contract test
    if any(not hasattr(session, part) for part in _SESSION_PARTS) or session._proxy_config.proxy_url_for(url):  # noqa: SLF001
        return False
    pool = session._manager.connection_from_url(url)  # noqa: SLF001
    if not issubclass(pool.ConnectionCls, BoundedCalls) or any(not hasattr(pool, part) for part in _POOL_PARTS):
        return False
    client.meta.events.register(f"before-send.{service_id}", _LeanSender(session._manager), f"lean-{service_id}")  # noqa: SLF001
    return True


class _Route(NamedTuple):
    """Where a URL leads: the pool of its connections, and the request's first lines.

    `pool` is a weak reference: urllib3 closes the connections of a pool that nobody refers to any more.
    """

    url: str
    pool: Any
    begin: bytes


class _LeanSender:
    """Handler for `before-send`; any number of threads may call it."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._route: _Route | None = None

    def __call__(self, request: Any, **_: object) -> AWSResponse | None:
        """The answer; None if botocore has to send this one itself.

        Raises:
            BotoCoreError: the one that botocore's own way raises for the same fault.
        """
        route = self._route
        pool = route.pool() if route is not None and route.url == request.url else None
        if route is None or pool is None:
            pool = self._manager.connection_from_url(request.url)
            self._route = route = _route(request, pool)
        message = _message(request, route)
        if message is None:
            return None
        connection = _idle(pool)
        if connection is None:
            return None
        try:
            return _call(connection, message, request)
        except BaseException:
            connection.close()
            raise
        finally:
            pool._put_conn(connection)  # noqa: SLF001


def _idle(pool: Any) -> Any:
    """An open connection out of the pool, or None.

    Never a new one: botocore tells a pool what to verify just before it takes a connection, and one that was made
    earlier would not know.
    """
    try:
        connection = pool.pool.get_nowait()
    except (AttributeError, Empty):  # None is urllib3's word for a pool that is closed
        return None
    if connection is not None and not is_connection_dropped(connection):
        return connection
    if connection is not None:
        connection.close()
    pool._put_conn(None)  # noqa: SLF001 - the place of one that is to come
    return None


def _call(connection: Any, message: bytes, request: Any) -> AWSResponse:
    url = request.url
    try:
        answer = connection.exchange(message, request.method)
    except TimeoutError as error:
        raise boto.ReadTimeoutError(endpoint_url=url, error=error) from error
    except SSLError as error:
        raise boto.SSLError(endpoint_url=url, error=error) from error
    except (HTTPException, OSError) as error:
        raise boto.ConnectionClosedError(endpoint_url=url, request=request, error=error) from error
    if not answer.keeps:
        connection.close()
    return AWSResponse(url, answer.status, answer.headers, answer)


def _route(request: Any, pool: Any) -> _Route:
    """`begin` is empty where the address is not plain."""
    parts = urlsplit(request.url)
    host = pool.host if pool.port == pool.ConnectionCls.default_port else f"{pool.host}:{pool.port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    begin = f"{request.method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n"
    is_plain = begin.isascii() and ":" not in pool.host and " " not in target and request.method == "POST"
    return _Route(request.url, ref(pool), begin.encode() if is_plain else b"")


def _message(request: Any, route: _Route) -> bytes | None:
    """The whole request; None if it is not plain."""
    body, context = request.body, getattr(request, "context", None)
    if not route.begin or request.stream_output or not isinstance(body, bytes):
        return None
    if context and context.get("read_timeout") is not None:  # for this call alone
        return None
    parts = [route.begin]
    for name, value in request.headers.items():
        if name.lower() in _NOT_PLAIN:
            return None
        parts.append(b"%b: %b\r\n" % (name.encode(), value if isinstance(value, bytes) else str(value).encode()))
    head = b"".join(parts)
    # A line break in a value would be another header: http.client has the error for it.
    return head + b"\r\n" + body if head.count(b"\n") == head.count(b"\r") == len(parts) + 2 else None

"""The hard bound on one call.

botocore's time-outs are for one socket operation: a server that sends a byte now and then restarts the read time-out
with each, and every address of a name gets the connect time-out anew. So the client gets connections that carry a
deadline for the whole call. Resolving a name is the exception: nothing can interrupt getaddrinfo. Its time counts,
but its own limit is the resolver's (resolv.conf).
"""

from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from botocore.httpsession import URLLib3Session

from watcher.aws.bounded import BoundedCalls

# What BoundedCalls overrides: were one of them no longer there, the override would never be called.
_OVERRIDDEN = ("_new_conn", "connect", "request", "send", "response_class")


def bound_calls(client: Any, *, connect_timeout: float, read_timeout: float) -> None:
    """Let no call over `client` take longer than `connect_timeout` + `read_timeout` seconds (0: no limit).

    With one of them 0 a whole call has no limit, only each operation the other one's.

    Raises:
        RuntimeError: botocore is not built as expected. Better no start than calls without a bound.
    """
    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    if not isinstance(session, URLLib3Session) or not hasattr(session, "_pool_classes_by_scheme"):
        raise RuntimeError(_unexpected("the client's HTTP session is another"))
    limits = {"connect_limit": connect_timeout, "read_limit": read_timeout}
    pools = {
        "http": _bounded(AWSHTTPConnectionPool, AWSHTTPConnection, limits),
        "https": _bounded(AWSHTTPSConnectionPool, AWSHTTPSConnection, limits),
    }
    # The first is for proxies, whose managers botocore makes on demand; the second for direct connections.
    session._pool_classes_by_scheme = pools  # noqa: SLF001
    session._manager.pool_classes_by_scheme = pools  # noqa: SLF001
    for scheme, pool in pools.items():
        if type(session._manager.connection_from_url(f"{scheme}://localhost")) is not pool:  # noqa: SLF001
            raise RuntimeError(_unexpected("it takes its connections from elsewhere"))
    session._manager.clear()  # noqa: SLF001


def _bounded(pool: Any, connection: Any, limits: dict[str, float]) -> Any:
    missing = [name for name in _OVERRIDDEN if not hasattr(connection, name)]
    if missing or pool.ConnectionCls is not connection:
        raise RuntimeError(_unexpected(f"{connection.__name__} lacks {', '.join(missing) or 'its pool'}"))
    bounded = type(f"Bounded{connection.__name__}", (BoundedCalls, connection), limits)
    return type(f"Bounded{pool.__name__}", (pool,), {"ConnectionCls": bounded})


def _unexpected(what: str) -> str:
    return f"calls can't be bounded in time with this version of botocore: {what}; install a version known to work"

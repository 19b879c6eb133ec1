"""Persistent connections to one origin."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from watcher.bounded_http.connection import DeadlineConnection
from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import ConnectionBroken
from watcher.bounded_http.http1 import Head, Response, read_head, read_response
from watcher.bounded_http.limits import LIMITS

T = TypeVar("T")


class Pool:
    """Lends a connection to each call; any number of threads may call. The last one used is reused first.

    The server may have just closed a reused connection. If not a single byte of a response comes, the request is sent
    once more, over a new connection and within the same deadline (RFC 9112, 9.3.1).
    """

    def __init__(self, open_connection: Callable[[Deadline], DeadlineConnection], size: int) -> None:
        """`size`: maximum idle connections that are kept."""
        self._open, self._size = open_connection, size
        self._idle: deque[DeadlineConnection] = deque()

    def call(self, message: bytes, method: str, deadline: Deadline, max_body: int) -> Response:
        """Send a request and read the whole response.

        Raises:
            HttpError: the call failed.
        """

        def read(connection: DeadlineConnection) -> Response:
            return read_response(connection, method, max_body)

        connection, response = self._exchange(message, deadline, read)
        if response.keep_alive:
            self._keep(connection)
        else:
            connection.close()
        return response

    def call_for_head(self, message: bytes, method: str, deadline: Deadline) -> Head:
        """Send a request and read the head of the response, without waiting for its body.

        The next call reuses the connection if the body is small and has come by then.

        Raises:
            HttpError: the call failed.
        """

        def read(connection: DeadlineConnection) -> Head:
            return read_head(connection, method, partial(connection.shorten, LIMITS.headers_seconds))

        connection, head = self._exchange(message, deadline, read)
        if not head.data or len(head.data) > LIMITS.unread_response:
            connection.close()
        else:
            connection.leave_unread(method, head.data)
            self._keep(connection)
        return head

    def close(self) -> None:
        """Close the idle connections; those in use are kept when their calls end."""
        while (connection := self._take()) is not None:
            connection.close()

    def _exchange(
        self, message: bytes, deadline: Deadline, read: Callable[[DeadlineConnection], T]
    ) -> tuple[DeadlineConnection, T]:
        while (connection := self._take()) is not None:
            if not connection.finish_unread() or not connection.is_idle():
                connection.close()
                continue
            try:
                return connection, _exchange(connection, message, deadline, read)
            except ConnectionBroken as error:
                if not error.is_unanswered:
                    raise
                break
        connection = self._open(deadline)
        return connection, _exchange(connection, message, deadline, read)

    def _take(self) -> DeadlineConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _keep(self, connection: DeadlineConnection) -> None:
        self._idle.append(connection)
        if len(self._idle) > self._size and (oldest := self._oldest()) is not None:
            oldest.close()

    def _oldest(self) -> DeadlineConnection | None:
        try:
            return self._idle.popleft()
        except IndexError:
            return None


def _exchange(
    connection: DeadlineConnection, message: bytes, deadline: Deadline, read: Callable[[DeadlineConnection], T]
) -> T:
    try:
        return connection.exchange(message, deadline, read)
    except BaseException:
        connection.close()
        raise

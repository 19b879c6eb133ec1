"""One open connection: each operation gets the time left until the call's deadline."""

import select
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from time import monotonic
from typing import Any, TypeVar

from watcher.bounded_http.deadline import Deadline
from watcher.bounded_http.errors import ConnectionBroken, ReadTimedOut, ResponseTooLarge, TlsFailed
from watcher.bounded_http.http1 import read_response
from watcher.bounded_http.limits import LIMITS

T = TypeVar("T")


class DeadlineConnection:
    """A connection, and a `Source` for reading responses. For one call at a time.

    `sock`: a socket, one with TLS, or `watcher.bounded_http.tls.NestedTls`.
    """

    __slots__ = ("_deadline", "_is_answered", "_poll", "_sock", "_unread")

    def __init__(self, sock: Any, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._is_answered = False
        self._unread: tuple[str, bytes] | None = None
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def exchange(self, message: bytes, deadline: Deadline, read: Callable[["DeadlineConnection"], T]) -> T:
        """Send the request and `read` the response.

        Raises:
            HttpError: the call failed; the connection can't be reused.
        """
        self._deadline, self._is_answered = deadline, False
        try:
            self._send(message)
            deadline.start_reading()
            return read(self)
        except TimeoutError as error:
            raise ReadTimedOut("no response in time") from error
        except ssl.SSLError as error:
            raise TlsFailed(str(error)) from error
        except ResponseTooLarge:
            raise
        except (HTTPException, OSError) as error:
            raise ConnectionBroken(
                f"the connection broke ({type(error).__name__})", is_unanswered=not self._is_answered
            ) from error

    def _send(self, message: bytes) -> None:
        self._deadline.start_sending()
        self._set_timeout()
        # The response may have come before the connection was closed.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._sock.sendall(message)

    def recv(self, count: int) -> bytes:
        """Up to `count` bytes."""
        self._set_timeout()
        data: bytes = self._sock.recv(count)
        self._is_answered = self._is_answered or bool(data)
        return data

    def recv_into(self, room: memoryview) -> int:
        """Read into `room`; returns how many bytes."""
        self._set_timeout()
        count: int = self._sock.recv_into(room)
        return count

    def shorten(self, seconds: float) -> None:
        """Limit the time for the rest of the response."""
        self._deadline.shorten(seconds)

    def leave_unread(self, method: str, data: bytes) -> None:
        """`data` is the head of a response whose body is not needed, with the bytes that came with it."""
        self._unread = (method, data)

    def is_idle(self) -> bool:
        """Whether another call can begin: the server has neither closed the connection nor sent unexpected data."""
        return not self._has_data()

    def finish_unread(self) -> bool:
        """Read the rest of an unneeded response; returns whether it was complete in time."""
        if self._unread is None:
            return True
        (method, data), self._unread = self._unread, None
        end = monotonic() + LIMITS.finish_seconds
        try:
            while not _is_whole(data, method):
                self._sock.settimeout(max(end - monotonic(), 0.0))
                more = self._sock.recv(LIMITS.read_size)
                if not more or len(data) > LIMITS.unread_response:
                    return False
                data += more
        except (OSError, HTTPException):
            return False
        return True

    def close(self) -> None:
        """Close it."""
        self._sock.close()

    def _has_data(self) -> bool:
        # The socket does not show data that TLS has decrypted but that has not been read.
        return bool(self._poll.poll(0)) or (hasattr(self._sock, "pending") and self._sock.pending() > 0)

    def _set_timeout(self) -> None:
        left = self._deadline.left()
        if self._sock.gettimeout() != left:  # setting it is a system call, which releases the interpreter's lock
            self._sock.settimeout(left)


def _is_whole(data: bytes, method: str) -> bool:
    try:
        return read_response(_Received(data), method, LIMITS.unread_response).keep_alive
    except IncompleteRead:
        return False


class _Received:
    """A source with the received bytes, and nothing after that."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def recv(self, count: int) -> bytes:
        part, self._data = self._data[:count], self._data[count:]
        return part

    def recv_into(self, room: memoryview) -> int:
        part = self.recv(len(room))
        room[: len(part)] = part
        return len(part)

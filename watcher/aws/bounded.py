"""Connections and responses whose every socket operation gets only what is left of the call."""

import io
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from time import monotonic
from typing import Any

from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError

from watcher.aws.dial import SocketOptions, connect_to_any, keepalive_options
from watcher.aws.exchange import Answer, FinalResponse, read_answer


class BoundedCalls:
    """Mixed into botocore's connections, with `connect_limit` and `read_limit` in seconds (0: none).

    `timeout` is urllib3's: for one operation, in the phase that the call is in.
    """

    connect_limit: float
    read_limit: float
    sock: Any
    port: int
    timeout: float | None
    socket_options: SocketOptions | None
    _dns_host: str
    _deadline: float | None = None
    _is_new = False

    def connect(self) -> None:
        """Connect, proxy's tunnel and TLS included, within the connect limit; a new call begins here."""
        begun = monotonic()
        self._is_new = True
        self._deadline = begun + self.connect_limit if self.connect_limit else None
        super().connect()  # type: ignore[misc]
        self._begin_call(begun)
        self._arm(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send the request; on a reused connection a new call begins here."""
        if not self._is_new:
            self._begin_call(monotonic())
        try:
            super().request(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._is_new = False

    def send(self, data: Any) -> None:
        """Send a part of the request; the time-out of a socket's `sendall` is for the whole of it."""
        try:
            if self.sock is not None:
                self._arm(self.sock)
            super().send(data)  # type: ignore[misc]
        except TimeoutError as error:  # urllib3 would call this an aborted connection
            raise ReadTimeoutError(self, "", "the request could not be sent in time") from error  # type: ignore[arg-type]

    def exchange(self, message: bytes, method: str) -> Answer:
        """One whole call past urllib3, over this connection, which has to be open and idle (see `watcher.aws.lean`).

        Raises:
            HTTPException: no HTTP came back.
            OSError: the connection failed; TimeoutError: time is up.
        """
        self._begin_call(monotonic())
        self.timeout = self.connect_limit or None  # as urllib3 has it while it sends
        sock = self.sock
        self._arm(sock)
        # As for urllib3: the answer may have come before the connection was closed.
        with suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(message)
        self.timeout = self.read_limit or None

        answer = read_answer(_Armed(sock, self._arm), method)
        # What TLS has decrypted and nobody has read doesn't show when urllib3 asks the socket whether it is idle.
        answer.keeps = answer.keeps and not (hasattr(sock, "pending") and sock.pending())
        return answer

    def response_class(self, sock: Any, *args: Any, **kwargs: Any) -> HTTPResponse:
        """What http.client makes responses with: a method, so that they know this connection's deadline."""
        return _BoundedResponse(sock, *args, arm=partial(self._arm, sock), **kwargs)

    def _begin_call(self, begun: float) -> None:
        has_limit = self.connect_limit and self.read_limit
        self._deadline = begun + self.connect_limit + self.read_limit if has_limit else None

    def _left(self) -> float | None:
        """Seconds for the next operation: urllib3's time-out, or what is left of the call when that is less."""
        if self._deadline is None:
            return self.timeout
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the call has used up its connect and read time-outs")
        return left if self.timeout is None else min(left, self.timeout)

    def _arm(self, sock: Any) -> None:
        left = self._left()
        if sock.gettimeout() != left:  # to set it is a system call, which lets go of the interpreter's lock
            sock.settimeout(left)

    def _new_conn(self) -> socket.socket:
        """Instead of urllib3's, which gives every address the full connect time-out."""
        options = [*(self.socket_options or ()), *keepalive_options()]
        try:
            # `_dns_host` keeps a final dot, which `host` lacks and which keeps the resolver from its search domains.
            sock = connect_to_any(self._dns_host.strip("[]"), self.port, options, self._left)
            self._arm(sock)  # the TLS handshake gets what the addresses have left over
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"no connection within {self.connect_limit} s") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error  # type: ignore[arg-type]
        return sock


class _Armed:
    """A socket that gets its time-out before each read."""

    __slots__ = ("_arm", "_sock")

    def __init__(self, sock: Any, arm: Callable[[Any], None]) -> None:
        self._sock, self._arm = sock, arm

    def recv(self, count: int) -> bytes:
        self._arm(self._sock)
        data: bytes = self._sock.recv(count)
        return data

    def recv_into(self, room: memoryview) -> int:
        self._arm(self._sock)
        count: int = self._sock.recv_into(room)
        return count


class _BoundedResponse(FinalResponse):
    """Reads status line, headers and body through a file that arms the socket before each read."""

    def __init__(self, sock: Any, *args: Any, arm: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: Any = io.BufferedReader(_ArmedFile(self.fp.detach(), arm))


class _ArmedFile(io.RawIOBase):
    def __init__(self, raw: Any, arm: Callable[[], None]) -> None:
        self._raw = raw
        self._arm = arm

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._arm()
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        try:
            self._raw.close()
        finally:
            super().close()

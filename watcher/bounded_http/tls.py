"""TLS for connections: checks certificates and sends server names, also inside a proxy's TLS."""

import errno
import ssl
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from watcher.bounded_http.limits import LIMITS

T = TypeVar("T")


class Tls:
    """How certificates are checked, and our own certificate. Thread-safe.

    `ca_file` and `client_cert` (a PEM file, or certificate and key) are loaded again for every connection, so that
    replaced files are used without a restart.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        verify: bool = True,
        client_cert: str | tuple[str, str | None] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`context`: a complete one, instead of all other arguments."""
        self._ca_file = ca_file if verify and context is None else None
        self._client_cert = client_cert
        self._context = context or _client_context(verify=verify)
        self._proxy_context = context or _client_context(verify=verify)
        self._unverified = _client_context(verify=False)

    def wrap(self, sock: Any, server_name: str) -> Any:
        """The socket with TLS, after a handshake within the socket's time-out. It is closed on failure.

        Raises:
            OSError: the handshake failed; ssl.SSLError: because of TLS, or the CA file is invalid.
        """
        self._load_ca(self._context)
        if self._client_cert:
            files = (self._client_cert,) if isinstance(self._client_cert, str) else self._client_cert
            self._context.load_cert_chain(*files)
        return _wrap(self._context, sock, server_name)

    def wrap_proxy(self, sock: Any, server_name: str, *, verify: bool) -> Any:
        """The same for a connection to a proxy. For an http target botocore does not verify the proxy."""
        if not verify:
            return _wrap(self._unverified, sock, server_name)
        self._load_ca(self._proxy_context)
        return _wrap(self._proxy_context, sock, server_name)

    def _load_ca(self, context: ssl.SSLContext) -> None:
        if self._ca_file is None:
            return
        try:
            if not stat.S_ISREG(Path(self._ca_file).stat().st_mode):  # reading a pipe may never end
                raise OSError(errno.EINVAL, "not a regular file")
            context.load_verify_locations(cafile=self._ca_file)
        except OSError as error:
            raise ssl.SSLError(error.errno or 1, f"the CA file: {error.strerror or error}") from error


def _client_context(*, verify: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _wrap(context: ssl.SSLContext, sock: Any, server_name: str) -> Any:
    if isinstance(sock, ssl.SSLSocket):
        return NestedTls(context, sock, server_name)
    return context.wrap_socket(sock, server_hostname=server_name)


class NestedTls:
    """TLS inside TLS, which `SSLContext.wrap_socket` does not support. Has what a connection needs of a socket.

    The time-out is for a whole operation, however many reads of the outer socket that takes.
    """

    def __init__(self, context: ssl.SSLContext, outer: ssl.SSLSocket, server_name: str) -> None:
        self._outer = outer
        self._timeout = outer.gettimeout()
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_hostname=server_name)
        self._operate(self._tls.do_handshake)

    def gettimeout(self) -> float | None:
        """Seconds for one operation."""
        return self._timeout

    def settimeout(self, seconds: float | None) -> None:
        """Set the seconds for one operation."""
        self._timeout = seconds

    def fileno(self) -> int:
        """The outer socket's."""
        return self._outer.fileno()

    def pending(self) -> int:
        """Bytes that have come but have not been read."""
        return self._tls.pending() + self._received.pending + self._outer.pending()

    def recv(self, count: int) -> bytes:
        """Up to `count` bytes; none at the end."""
        try:
            return self._operate(lambda: self._tls.read(count))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def recv_into(self, room: memoryview) -> int:
        """Read into `room`; how many bytes."""
        data = self.recv(len(room))
        room[: len(data)] = data
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        view, done = memoryview(data), 0
        while done < len(view):
            part = view[done : done + LIMITS.read_size]
            done += self._operate(lambda part=part: self._tls.write(part))  # type: ignore[misc]

    def close(self) -> None:
        """Close the connection."""
        self._outer.close()

    def _operate(self, step: Callable[[], T]) -> T:
        end = None if self._timeout is None else monotonic() + self._timeout
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush(end)
                self._set_timeout(end)
                data = self._outer.recv(LIMITS.read_size)
                if data:
                    self._received.write(data)
                else:
                    self._received.write_eof()
            else:
                self._flush(end)
                return result

    def _flush(self, end: float | None) -> None:
        if data := self._to_send.read():
            self._set_timeout(end)
            self._outer.sendall(data)

    def _set_timeout(self, end: float | None) -> None:
        left = None if end is None else end - monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("timed out")
        self._outer.settimeout(left)

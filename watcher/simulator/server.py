"""The listening socket: one thread accepts, one thread serves each connection."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable

from watcher.simulator.delivery import deliver
from watcher.simulator.http1 import BadRequestError, Request, RequestReader, frame
from watcher.simulator.limits import LIMITS
from watcher.simulator.service import TimedReply
from watcher.simulator.wire import reply

Handler = Callable[[Request], TimedReply]


class HttpServer:
    """Serves `handler` on host and port until closed. Port 0 picks a free one; see `address`."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        """Listen at once.

        Raises:
            OSError: the address is not available.
            ValueError: the host is empty.
        """
        if not host:  # sockets take it for all addresses, and it is mostly a variable that is not set
            raise ValueError("the host is empty: give an address, 0.0.0.0 for all")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._handler = handler
        self._listener = socket.create_server((host, port), family=family, backlog=1024)
        self._listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._acceptor = threading.Thread(target=self._accept, name="simulator-accept", daemon=True)
        self._acceptor.start()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that it listens on."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def close(self) -> None:
        """Stop listening, close all connections, and wait for the threads. May be called again."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._wake_sender.send(b".")
        self._acceptor.join(LIMITS.join_seconds)
        for one in (self._listener, self._wake_receiver, self._wake_sender):
            one.close()
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open:
            _hang_up(connection)
        for thread in still_open.values():
            thread.join(LIMITS.join_seconds)

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                self._accept_all()

    def _accept_all(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _address = self._listener.accept()
            except BlockingIOError:  # no one waits any more
                return
            except OSError:
                # The client has gone, or no file descriptor is left; then the socket stays readable.
                self._stopping.wait(LIMITS.breather_seconds)
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._open[connection] = thread
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(True)  # noqa: FBT003 - the standard library's signature
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(connection)
        except OSError:
            pass  # the client hung up, for example after a read time-out
        finally:
            with self._lock:
                self._open.pop(connection, None)
            connection.close()

    def _converse(self, connection: socket.socket) -> None:
        reader = RequestReader(connection)
        try:
            while (request := reader.next()) is not None and not self._stopping.is_set():
                outcome = self._handler(request)
                if not deliver(connection, outcome, self._stopping.wait, keep_alive=request.keep_alive):
                    return
        except BadRequestError as error:
            answer = reply(error.http, str(error).encode(), content_type="text/plain")
            connection.sendall(b"".join(frame(answer, keep_alive=False)))


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # its own thread, or the client, closed it first
        connection.shutdown(socket.SHUT_RDWR)

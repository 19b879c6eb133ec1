"""/metrics, /livez, /readyz, /status.json and /decisions.json, and a page with links to them."""

import errno
import json
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from time import sleep
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from watcher import __version__
from watcher.domain.errors import AddressInUse, ConfigError
from watcher.telemetry.bounded_head import BoundedHead
from watcher.telemetry.client_owner import is_own_client
from watcher.telemetry.connections import Connections
from watcher.telemetry.exposition import exposition
from watcher.telemetry.health import Beat
from watcher.telemetry.landing import landing
from watcher.telemetry.local_client import is_called, is_direct, is_local_client
from watcher.util.machine_faults import EXHAUSTED

log = structlog.get_logger(__name__)

Answer = tuple[HTTPStatus, str, bytes]

EXHAUSTED_PAUSE = 0.1
"""Seconds until it accepts again after it ran out of files or memory."""

Status = Callable[[bool], Mapping[str, object]]
"""What `/status.json` says; the argument: whether the client may see the settings."""

Decisions = Callable[[str], bytes]
"""The JSON of `/decisions.json` for a query. Raises ValueError: the query can't be answered."""


class HealthServer:
    """Serves metrics and health over HTTP; GET and HEAD only."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        late: Callable[[], Sequence[str]],
        problems: Callable[[], Mapping[str, str]],
    ) -> None:
        """Bind at once, so that an address in use is noticed before work begins; port 0 is a free one.

        Raises:
            AddressInUse: another process has it, perhaps one that is still draining.
            ConfigError: the address can't be bound, and never will be.
        """
        try:
            self._server = (_Server6 if ":" in host else _Server)((host, port), _Handler)
        except (OSError, TypeError, ValueError) as error:  # TypeError: no name of a host
            words = getattr(error, "strerror", None) or str(error)
            problem = f"http.host = {host!r}, http.port = {port}: {words}"
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                fix = "try again when the other process has ended, or choose another port, or port 0"
                raise AddressInUse(f"{problem}: {fix}") from error
            raise ConfigError([f"{problem}: choose another, or port 0"]) from error
        self._server.registry, self._server.late, self._server.problems = registry, late, problems
        self.show_status(lambda _shows_settings: {})
        self.show_decisions(None)
        self.host = self._server.host = host
        self.port: int = self._server.server_address[1]
        self._is_started = False

    @property
    def connections(self) -> Connections:
        """The open connections."""
        return self._server.connections

    def show_status(self, status: Status) -> None:
        """Say this at `/status.json`."""
        self._server.status = status

    def show_decisions(self, decisions: Decisions | None) -> None:
        """Answer so at `/decisions.json`, to this process's user on this machine only. None: a ledger has them."""
        self._server.decisions = decisions

    def run(self, beat: Beat) -> None:
        """Serve until `close`."""
        self._is_started = True
        self._server.beat = beat
        self._server.serve_forever()

    def close(self) -> None:
        """Stop serving."""
        if self._is_started:  # shutting down a server that never served waits forever
            self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with socketserver's 5, a probe waits a second while others connect
    registry: CollectorRegistry
    late: Callable[[], Sequence[str]]
    problems: Callable[[], Mapping[str, str]]
    status: Status
    decisions: Decisions | None
    host: str
    beat: Beat

    def __init__(self, *arguments: Any) -> None:
        self.connections = Connections()
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection. Without a free file descriptor it stays pending, and an immediate retry would spin."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in EXHAUSTED:
                sleep(EXHAUSTED_PAUSE)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a separate thread; if there are too many connections, the oldest is closed for this one."""
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, whether it was answered or not."""
        super().shutdown_request(request)
        self.connections.remove(request)

    def service_actions(self) -> None:
        """Called twice a second: gives a sign of life, and ends slow clients."""
        self.beat.beat()
        self.connections.end_old()

    def server_bind(self) -> None:
        """Bind, without HTTPServer's lookup of the host name, which can take seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A scraper that hangs up is not worth a traceback; anything else is a bug, and gets one."""
        if not isinstance(sys.exception(), OSError):
            log.error("http_request_failed", exc_info=sys.exc_info())


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = f"watcher/{__version__}"
    sys_version = ""
    timeout = 10  # seconds that an idle or slow client may hold a thread

    def setup(self) -> None:
        """Read no more than a head's worth."""
        super().setup()
        self.rfile: Any = BoundedHead(self.rfile)

    def do_GET(self) -> None:
        """Answer one of the paths."""
        answers = {
            "/": landing,
            "/metrics": self._metrics,
            "/livez": self._livez,
            "/readyz": self._readyz,
            "/status.json": self._status,
            "/decisions.json": self._decisions,
        }
        answer = answers.get(self.path.partition("?")[0])
        others = "try /metrics, /livez, /readyz or /status.json"
        self._reply(*(answer() if answer else _text(HTTPStatus.NOT_FOUND, others)))

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self.do_GET()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._refuse
        raise AttributeError(name)

    def _refuse(self) -> None:
        self.close_connection = True
        self._reply(*_text(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD only"))

    def _metrics(self) -> Answer:
        return HTTPStatus.OK, *exposition(self.server.registry, self.headers.get("Accept", ""))

    def _livez(self) -> Answer:
        late = list(self.server.late())
        return _json(HTTPStatus.SERVICE_UNAVAILABLE if late else HTTPStatus.OK, late)

    def _readyz(self) -> Answer:
        problems = [{"part": part, "problem": problem} for part, problem in self.server.problems().items()]
        return _json(HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK, problems)

    def _status(self) -> Answer:
        shows_settings = is_local_client(self.client_address[0], self.headers)
        return _json(HTTPStatus.OK, self.server.status(shows_settings))

    def _decisions(self) -> Answer:
        if self.server.decisions is None:
            return _text(HTTPStatus.NOT_FOUND, "the ledger has the decisions: `watcher decisions` shows them")
        if not self._is_own_user():
            return _text(HTTPStatus.FORBIDDEN, "for the watcher's own user on its own machine only")
        try:
            found = self.server.decisions(self.path.partition("?")[2])
        except ValueError as error:
            return _text(HTTPStatus.BAD_REQUEST, str(error))
        return HTTPStatus.OK, "application/json", found

    def _is_own_user(self) -> bool:
        is_asked_directly = is_direct(self.headers) and is_called(self.headers, self.server.host)
        return is_asked_directly and is_own_client(self.client_address, self.connection.getsockname())

    def _reply(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        """Scrapes are not logged, because there is one every few seconds."""


def _text(status: HTTPStatus, text: str) -> Answer:
    return status, "text/plain; charset=utf-8", f"{text}\n".encode()


def _json(status: HTTPStatus, document: object) -> Answer:
    return status, "application/json", (json.dumps(document) + "\n").encode()

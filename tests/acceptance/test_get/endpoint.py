"""A local endpoint that answers whatever a test wants, to both programs alike.

The first step of the path names the answer, so that one endpoint serves any number of cases, and says who asked.
"""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One canned answer. `hang`: none comes until the endpoint closes. `drip`: a byte every so many seconds."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip: float = 0

    @classmethod
    def of(cls, value: Any) -> "Answer":
        """A value as JSON."""
        return cls(json.dumps(value).encode())

    @classmethod
    def error(cls, code: str, message: str | None = "no", status: int = 400) -> "Answer":
        """A service error in the form of the JSON protocol."""
        body = {"__type": code} if message is None else {"__type": code, "message": message}
        return cls(json.dumps(body).encode(), status)


class Endpoint:
    """Serves answers by name on a free port of this machine."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self.arrived = threading.Event()
        self._answers: dict[str, list[Answer]] = {}
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.endpoint = self
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> "Endpoint":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def put(self, *answers: Answer) -> str:
        """A name for these answers; the last one is repeated. Part of the URL, see `url`."""
        name = f"case-{len(self._answers)}"
        self._answers[name] = list(answers)
        return name

    def url(self, name: str, who: str = "") -> str:
        """The endpoint URL of a name; `who` keeps the counts of two programs apart."""
        return f"http://127.0.0.1:{self.server.server_port}/{name}/{who}"

    def answer(self, path: str) -> Answer:
        """The next answer for a path."""
        _, name, *_ = path.split("/")
        answers = self._answers[name]
        number = self.asked[path.rstrip("/")]
        self.asked[path.rstrip("/")] += 1
        self.arrived.set()
        return answers[min(number, len(answers) - 1)]

    def count(self, name: str, who: str) -> int:
        """How often a program has asked."""
        return self.asked[f"/{name}/{who}".rstrip("/")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    endpoint: Endpoint


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        endpoint.headers.append(dict(self.headers))
        answer = endpoint.answer(self.path)
        if answer.hang:
            endpoint.closing.wait(60)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/x-amz-json-1.1", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.drip:
            self._drip(answer)
        else:
            self.wfile.write(answer.body)

    def _drip(self, answer: Answer) -> None:
        for byte in answer.body:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return  # The client has had enough, as it should.
            if self.server.endpoint.closing.wait(answer.drip):
                return

    def do_GET(self) -> None:
        """Parameters that are fetched from a URL."""
        answer = self.server.endpoint.answer(self.path)
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: the test's output is not a web server's log."""

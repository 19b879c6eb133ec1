"""Something else answers in the place of SQS: that is no empty queue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.acceptance.conftest import Daemon
from tests.acceptance.test_proxy_page import HTML, unready
from tests.acceptance.test_stalls import wait_for

Start = Callable[..., Daemon]


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that answers everything with 200 and this body; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("body", "part"), [(HTML, "queue"), (b"", "queue"), (b"{}", "queue depth")], ids=str)
def test_until_empty_waits_while_the_queue_is_not_sqs_and_readiness_says_so(
    start: Start, body: bytes, part: str
) -> None:
    with answering(body) as url:
        daemon = start(
            "--until-empty",
            WATCHER_QUEUE__URL=f"{url}/123456789012/sessions",
            WATCHER_QUEUE__TYPE="sqs",
            WATCHER_LEDGER__URL="sqlite:///ledger.db",
        )
        wait_for(lambda: part in unready(daemon), lambda: unready(daemon))
        assert daemon.process.poll() is None

"""The webhook's other end: it takes every event, and notes when."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.chaos.history import Seen


class EventReceiver:
    """Listens at `url` until closed. It answers 413 to events about the sessions that are in `refuses`."""

    def __init__(self, sink: str) -> None:
        self.seen: list[Seen] = []
        self.refuses: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                event = json.loads(raw)
                is_refused = event["subject"] in receiver.refuses
                if not is_refused:
                    receiver.seen.append(Seen(sink, raw, event, time.monotonic()))
                self.send_response(413 if is_refused else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

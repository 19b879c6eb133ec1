"""Whoever reaches the HTTP port learns which part is down and how, not whose account, role or address it is."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon

ACCOUNT = "123456789012"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/liveness/i-0abc"
DENIAL = {
    "__type": "com.amazonaws#AccessDeniedException",
    "Message": f"User: {ROLE} is not authorized on https://internal.example/{ACCOUNT}",
}


class _Denies(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def _answer(self) -> None:
        body = json.dumps(DENIAL).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def service() -> Iterator[str]:
    """An endpoint that denies every call of every service."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Denies)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def readyz(daemon: Daemon) -> dict[str, str]:
    port = daemon.wait_for_event("started")["port"]
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE):
            return {}
    except HTTPError as error:
        with error:
            return {each["part"]: each["problem"] for each in json.load(error)}


def test_a_denied_queue_and_ledger_are_named_without_account_role_or_address(
    start: Callable[..., Daemon], service: str
) -> None:
    daemon = start(
        WATCHER_QUEUE__URL=f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/sessions",
        WATCHER_QUEUE__ENDPOINT_URL=service,
        WATCHER_LEDGER__URL="dynamodb:///decisions",
        AWS_ENDPOINT_URL_DYNAMODB=service,
    )
    for part in ("queue", "ledger"):
        assert ROLE in daemon.wait_for_event("component_unavailable", part=part)["error"]  # the log has all of it
    problems = readyz(daemon)
    assert problems["queue"] == "unavailable: SqsFault (AccessDeniedException)"
    assert problems["ledger"] == "unavailable: LedgerError (AccessDeniedException)"
    shown = json.dumps(problems)
    for secret in (ACCOUNT, "arn:", "assumed-role", "internal.example", "amazonaws", service, "decisions"):
        assert secret not in shown

#!/usr/bin/env python3
"""Act on decisions that come as webhooks: receive_webhook.py PORT [DATABASE], port 0 for a free one.

$WEBHOOK_SECRETS has the secrets with blanks between them: usually one, two while they are being changed.
Needs nothing but Python; put it behind something that speaks TLS.
"""

import base64
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

from decisions import Decisions

TOLERANCE = 300
"""Seconds that the sender's clock and ours may differ."""

MOST_BYTES = 1024 * 1024
"""Of a body; an event has 256 KiB at most."""


class InvalidSignature(Exception):
    """The request is not the watcher's, or too old."""


def verify(secrets: list[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Check a signature by Standard Webhooks 1.0; `body` is what came, before any parser.

    Raises:
        InvalidSignature: no signature of one of the secrets, or none in time.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and abs(now - int(timestamp[:12])) <= TOLERANCE):
        raise InvalidSignature("webhook-timestamp is missing or not the current time")
    signed = f"{message_id}.{timestamp}.".encode() + body
    given = [each.encode() for each in headers.get("webhook-signature", "").split()]
    is_valid = False
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
        for signature in given:  # all of them, each in constant time
            is_valid |= hmac.compare_digest(expected, signature)
    if not is_valid:
        raise InvalidSignature("no signature matches")


class Handler(BaseHTTPRequestHandler):
    """Verifies, parses, acts, and only then says 204."""

    secrets: list[str]
    decisions: Decisions
    timeout = 10  # seconds for each read

    def do_POST(self) -> None:
        """Answer one webhook."""
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return self._answer(411)
        if int(length[:12]) > MOST_BYTES:
            return self._answer(413)
        body = self.rfile.read(int(length))
        try:
            verify(self.secrets, self.headers, body, time.time())
        except InvalidSignature as error:
            self.log_error("refused: %s", error)
            return self._answer(401)
        self.decisions.act_on(json.loads(body))
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def main(port: str, database: str = "decisions.db") -> None:
    """Serve until stopped."""
    Handler.secrets = os.environ["WEBHOOK_SECRETS"].split()
    Handler.decisions = Decisions(database)
    with HTTPServer(("127.0.0.1", int(port)), Handler) as server:
        print(f"listening on port {server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

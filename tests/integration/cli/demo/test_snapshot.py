"""A scrape of the daemon's port, or of whatever answers there."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest

from tests.integration.support.servers import Server, reply
from tests.support import ManualClock
from watcher.cli.demo.process import DaemonProcess
from watcher.cli.demo.snapshot import Scrape, scrape
from watcher.cli.demo.workspace import Workspace
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.telemetry.metrics import Metrics


def daemon_at(port: int) -> DaemonProcess:
    """A daemon that is only asked for its metrics."""
    return DaemonProcess(cast("Any", None), Workspace(Path("unused")), "127.0.0.1", port)


def test_the_daemon_is_asked_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    metrics = Metrics(["payout"], ["file"])
    metrics.decisions.labels("live", "confidence_met", "payout").inc(2)
    server = HealthServer("127.0.0.1", 0, metrics.registry, list, dict)
    thread = Thread(target=server.run, args=(Beat(ManualClock(), "http"),))
    thread.start()
    try:
        found = scrape(daemon_at(server.port))
    finally:
        server.close()
        thread.join()
    assert found is not None
    assert found.outcomes["live"] == 2


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"garbage\r\n\r\n",
        reply(b"\xff"),
        reply(b"watcher_polls_total{"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=len,
)
def test_an_answer_that_can_not_be_read_is_skipped(serve: Callable[..., Server], sent: bytes) -> None:
    def script(server: Server, sock: socket.socket) -> None:
        server.read_request(sock)
        sock.sendall(sent)
        sock.close()

    assert scrape(daemon_at(serve(script=script).port)) is None


def test_an_empty_page_counts_nothing(serve: Callable[..., Server]) -> None:
    assert scrape(daemon_at(serve(reply(b"")).port)) == Scrape()


def test_a_daemon_that_is_gone_is_skipped() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    assert scrape(daemon_at(port)) is None

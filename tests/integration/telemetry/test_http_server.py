import errno
import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry, Gauge
from structlog.testing import capture_logs

from tests.unit.support.fakes import PATIENCE
from watcher.domain.errors import AddressInUse, ConfigError
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock


class Health:
    """What the server is told."""

    def __init__(self) -> None:
        self.late: list[str] = []
        self.problems: dict[str, str] = {}
        self.registry = CollectorRegistry()
        Gauge("sessions", "x", registry=self.registry).set(3)
        self.server = HealthServer("127.0.0.1", 0, self.registry, lambda: self.late, lambda: self.problems)


@contextmanager
def serving(server: HealthServer) -> Iterator[None]:
    """The server with its thread."""
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join(PATIENCE)


@pytest.fixture(scope="module")
def running() -> Iterator[Health]:
    health = Health()
    with serving(health.server):
        yield health


@pytest.fixture
def health(running: Health) -> Health:
    running.late, running.problems = [], {}
    return running


def ask(
    health: Health, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", health.server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/readyz?verbose=1"])
def test_all_well_is_200_with_an_empty_list(health: Health, path: str) -> None:
    status, headers, body = ask(health, path)
    assert (status, json.loads(body)) == (200, [])
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"


def test_a_stuck_thread_fails_livez_and_names_itself(health: Health) -> None:
    health.late = ["poller: no progress for 200 s"]
    status, _, body = ask(health, "/livez")
    assert (status, json.loads(body)) == (503, health.late)
    assert ask(health, "/readyz")[0] == 200


def test_a_problem_fails_readyz_and_never_livez(health: Health) -> None:
    health.problems = {"endpoint": "refused", "draining": "the watcher is stopping"}
    status, _, body = ask(health, "/readyz")
    assert status == 503
    assert json.loads(body) == [
        {"part": "endpoint", "problem": "refused"},
        {"part": "draining", "problem": "the watcher is stopping"},
    ]
    assert ask(health, "/livez")[0] == 200


def test_metrics_are_prometheus_text_or_openmetrics_as_the_scraper_wishes(health: Health) -> None:
    status, headers, body = ask(health, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain")
    assert b"sessions 3.0" in body
    _, headers, body = ask(health, "/metrics", Accept="application/openmetrics-text;version=1.0.0")
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_2,
        PROMETHEUS_3,
        "application/openmetrics-text",
        "text/html, application/openmetrics-text; charset=utf-8; version=1.0.0",
        "Application/OpenMetrics-Text; Version=1.0.0",
    ],
)
def test_openmetrics_is_spoken_as_prometheus_asks_for_it(health: Health, accept: str) -> None:
    status, headers, body = ask(health, "/metrics", Accept=accept)
    assert (status, headers["content-type"]) == (
        200,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain;version=0.0.4",
        "text/plain;version=1.0.0;escaping=allow-utf-8",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=9.9",
        "application/openmetrics-text;version=no-number",
        "application/openmetrics-text-not;version=1.0.0",
        ";;,,;version=",
    ],
)
def test_what_else_is_asked_for_gets_the_plain_text(health: Health, accept: str) -> None:
    status, headers, body = ask(health, "/metrics", Accept=accept)
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"# EOF" not in body


@pytest.mark.parametrize("path", ["/metrics/", "/health", "/livez/../metrics", "*"])
def test_any_other_path_is_404(health: Health, path: str) -> None:
    assert ask(health, path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/metrics", "/livez"])
def test_any_other_method_is_405(health: Health, method: str, path: str) -> None:
    status, headers, body = ask(health, path, method, b"x" * 100 if method in ("POST", "PUT") else None)
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert body != b""


@pytest.mark.parametrize("path", ["/", "/metrics", "/livez", "/readyz", "/nowhere"])
def test_head_is_get_without_the_body(health: Health, path: str) -> None:
    got, asked = ask(health, path), ask(health, path, "HEAD")
    assert (asked[0], asked[1]["content-type"], asked[2]) == (got[0], got[1]["content-type"], b"")
    assert int(asked[1]["content-length"]) > 0


def test_the_root_has_a_link_to_each_path(health: Health) -> None:
    status, headers, body = ask(health, "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert [path for path in (b"/metrics", b"/livez", b"/readyz") if b'<a href="%b">' % path not in body] == []


def test_a_client_that_talks_no_http_gets_an_error_and_the_server_lives_on(health: Health) -> None:
    with socket.create_connection(("127.0.0.1", health.server.port), PATIENCE) as client:
        client.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        while client.recv(4096):
            pass
    assert ask(health, "/livez")[0] == 200


def test_a_bug_behind_a_path_is_logged_and_the_server_lives_on(health: Health) -> None:
    health.problems = None  # type: ignore[assignment]
    with capture_logs() as logs, pytest.raises(http.client.RemoteDisconnected):
        ask(health, "/readyz")
    assert [entry["event"] for entry in logs] == ["http_request_failed"]
    assert ask(health, "/livez")[0] == 200


def test_an_address_in_use_names_key_value_and_fix(health: Health) -> None:
    with pytest.raises(AddressInUse) as caught:
        HealthServer("127.0.0.1", health.server.port, health.registry, list, dict)
    problem = str(caught.value)
    assert "http.port" in problem
    assert str(health.server.port) in problem
    assert "Address already in use" in problem
    assert "choose another" in problem
    assert "\n" not in problem


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL])
def test_an_address_that_will_not_be_free_either_is_a_bad_setting(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(TCPServer, "server_bind", refuse)
    with pytest.raises(ConfigError, match=f"http.port = 80: {os.strerror(number)}: choose another"):
        HealthServer("127.0.0.1", 80, CollectorRegistry(), list, dict)


@pytest.mark.parametrize("host", ["256.256.256.256", "no..name", "x" * 100 + ".invalid", "xn--\u00fc", "\u2028"])
def test_a_host_that_is_none_names_its_key(host: str) -> None:
    with pytest.raises(ConfigError, match=r"http\.host"):
        HealthServer(host, 0, CollectorRegistry(), list, dict)


def test_binding_looks_up_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(_: str) -> str:
        raise AssertionError("a look-up can take seconds")

    monkeypatch.setattr(socket, "getfqdn", look_up)
    Health().server.close()


def test_an_ipv6_address_can_be_listened_on() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = HealthServer("::1", 0, CollectorRegistry(), list, dict)
    server.close()
    assert server.port > 0


@pytest.mark.parametrize(
    ("host", "connect_to", "name", "shows"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", "localhost:9464", True),
        ("127.0.0.1", "127.0.0.1", "[::1]:9464", True),
        ("127.0.0.1", "127.0.0.1", "evil.example", False),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "127.0.0.1", "", False),
        ("127.0.0.1", "127.0.0.1", "]", False),
        ("::", "127.0.0.1", "localhost", True),
    ],
)
def test_settings_are_for_clients_that_are_here_and_name_this_machine(
    host: str, connect_to: str, name: str, *, shows: bool
) -> None:
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    server = HealthServer(host, 0, CollectorRegistry(), list, dict)
    server.show_status(lambda shows_settings: {"shows": shows_settings})
    with serving(server):
        for method in ("GET", "HEAD"):
            connection = http.client.HTTPConnection(connect_to, server.port, timeout=PATIENCE)
            connection.request(method, "/status.json", headers={"Host": name})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
            assert answer.read() == (json.dumps({"shows": shows}).encode() + b"\n" if method == "GET" else b"")
            connection.close()


def test_a_server_that_was_never_started_can_be_closed_and_closed_again() -> None:
    server = Health().server
    server.close()
    server.close()


def test_many_can_connect_at_once() -> None:
    """With a backlog of five the others' handshakes are dropped, and tried again a second later."""
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), list, dict)
    clients = [socket.create_connection((server.host, server.port), timeout=PATIENCE) for _ in range(50)]
    for client in clients:
        client.close()
    server.close()

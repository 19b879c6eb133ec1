"""`watcher status`, of a real watcher."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.acceptance.conftest import Daemon
from tests.support import run_watcher

Start = Callable[..., Daemon]

FILE = """
[decision]
threshold = 85
[decision.policies."a.b"]
threshold = 95
[[sinks]]
type = "stdout"
[[sinks]]
type = "webhook"
url = "https://me:hunter2@hooks.example/hunter2"
secret_file = "secret"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("whsec_" + "aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg==\n")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "watcher.toml").write_text(FILE)
    return tmp_path / "watcher.toml"


def status(daemon: Daemon, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    port = daemon.wait_for_event("started")["port"]
    return run_watcher(folder, "status", "--url", f"http://127.0.0.1:{port}", *arguments)


def document(daemon: Daemon, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status(daemon, folder, "--json").stdout)
    return found


def test_a_watcher_that_works_is_active_and_shows_its_settings_without_secrets(
    tmp_path: Path, settings: Path, start: Start
) -> None:
    daemon = start()
    daemon.wait_for(lambda: daemon.get("/readyz").strip() == "[]", "ready")
    shown = status(daemon, tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("active: watcher ")
    lines = shown.stdout.splitlines()
    assert "in flight  0 sessions" in lines
    assert "decisions  live 0, not_live 0, inconclusive 0" in lines
    assert f"file       {settings}" in lines
    assert "  decision.policies.a.b.threshold = 95.0  # watcher.toml" in lines
    assert "hunter2" not in shown.stdout + status(daemon, tmp_path, "--json").stdout


def test_what_an_edited_file_would_change_is_shown_until_it_is_in_force(
    tmp_path: Path, settings: Path, start: Start
) -> None:
    daemon = start()
    assert document(daemon, tmp_path)["config"]["reload"] == {"applies": {}, "needsRestart": {}, "problems": []}
    settings.write_text(f"{FILE}[queue]\nmax_in_flight = 7\n".replace("85", "90"))
    assert document(daemon, tmp_path)["config"]["reload"] == {
        "applies": {"decision.threshold": {"old": 85.0, "new": 90.0}},
        "needsRestart": {"queue.max_in_flight": {"old": 5000, "new": 7}},
        "problems": [],
    }
    lines = status(daemon, tmp_path).stdout.splitlines()
    assert lines[-4:] == [
        "a reload would change",
        "  decision.threshold: 85.0 -> 90.0",
        "only a restart would change",
        "  queue.max_in_flight: 5000 -> 7",
    ]
    daemon.send(signal.SIGHUP)
    daemon.wait_for_event("reloaded")
    config = document(daemon, tmp_path)["config"]
    assert config["settings"]["decision"]["threshold"] == 90.0
    assert config["settings"]["queue"]["max_in_flight"] == 5000
    assert (config["reload"]["applies"], list(config["reload"]["needsRestart"])) == ({}, ["queue.max_in_flight"])


def test_a_file_that_can_not_be_loaded_is_reported_and_changes_nothing(
    tmp_path: Path, settings: Path, start: Start
) -> None:
    daemon = start()
    daemon.wait_for_event("started")
    settings.write_text("[decision]\nthreshold = 850\n")
    shown = status(daemon, tmp_path).stdout
    assert "a reload would change nothing, because of\n  decision.threshold = 850" in shown


def test_a_file_that_appears_is_shown_but_not_adopted(tmp_path: Path, start: Start) -> None:
    daemon = start()
    daemon.wait_for_event("started")
    file = tmp_path / "watcher.toml"
    file.write_text("[decision]\nthreshold = 95\n")
    assert list(document(daemon, tmp_path)["config"]["reload"]["applies"]) == ["decision.threshold"]
    file.unlink()
    daemon.send(signal.SIGHUP)
    assert daemon.wait_for_event("reloaded")["applied"] == []


def test_what_is_wrong_makes_it_degraded(tmp_path: Path, start: Start) -> None:
    daemon = start(WATCHER_AWS__ENDPOINT_URL="http://127.0.0.1:9")
    daemon.wait_for_event("component_unavailable", part="endpoint")
    shown = status(daemon, tmp_path)
    assert shown.returncode == 1
    assert shown.stdout.startswith("degraded: ")
    assert "\nproblem    endpoint: unavailable" in shown.stdout


def test_the_port_of_the_settings_is_asked_and_a_stopped_watcher_is_inactive(tmp_path: Path, start: Start) -> None:
    daemon = start()
    port = daemon.wait_for_event("started")["port"]
    (tmp_path / "watcher.toml").write_text(f'[http]\nhost = "0.0.0.0"\nport = {port}\n')
    assert json.loads(run_watcher(tmp_path, "status", "--json").stdout)["url"] == f"http://127.0.0.1:{port}"
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0
    stopped = run_watcher(tmp_path, "status")
    assert (stopped.returncode, stopped.stdout.partition(":")[0]) == (3, "inactive")
    assert json.loads(run_watcher(tmp_path, "status", "--json").stdout)["state"] == "inactive"


def test_others_see_the_health_but_not_the_settings(tmp_path: Path, settings: Path, start: Start) -> None:
    """A web page whose name somebody has pointed at this machine is served by the browser under that name."""
    port = start().wait_for_event("started")["port"]
    for headers in ({"Host": f"evil.example:{port}"}, {"x-forwarded-for": "198.51.100.7"}):
        connection = HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/status.json", headers=headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert answer["sessionsInFlight"] == 0
        assert answer["config"] is None


def test_other_servers_are_no_watchers(tmp_path: Path, environment: dict[str, str]) -> None:
    found = run_watcher(tmp_path, "status", "--url", environment["AWS_ENDPOINT_URL_REKOGNITION"])
    assert (found.returncode, found.stdout.partition(":")[0]) == (4, "unknown")


OK = b"HTTP/1.0 200 OK\r\n\r\n"
ENDLESS = """{"state": "active", "version": "1", "uptimeSeconds": Infinity, "stuck": [], "problems": [],
    "sessionsInFlight": 0, "callsPerSecond": null, "decisions": {}, "config": null}"""
NO_WATCHERS = [b"220 mail.example ESMTP\r\n", OK + b"[" * 100_000, OK + ENDLESS.encode()]


@pytest.mark.parametrize("said", NO_WATCHERS)
def test_a_server_that_answers_something_else_is_no_watcher_whatever_proxy_is_set(
    tmp_path: Path, said: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = Thread(target=_answer, args=(server, said))
        answering.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        found = run_watcher(tmp_path, "status", "--url", url, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
        answering.join()
    assert (found.returncode, found.stdout.partition(":")[0]) == (4, "unknown")


def _answer(server: socket.socket, said: bytes) -> None:
    client, _ = server.accept()
    with client:
        client.recv(65536)
        client.sendall(said)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--url", "ftp://x"], 2, "not an http URL"),
        (["--set", "http.port=0"], 2, "give --url"),
        (["--set", "http.port=99999"], 78, "http.port = 99999"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    failed = run_watcher(tmp_path, "status", *arguments)
    assert failed.returncode == code
    assert words in failed.stderr

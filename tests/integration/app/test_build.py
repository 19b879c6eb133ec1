import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from watcher.app.build import App, build
from watcher.config import Loaded, load
from watcher.daemon.systemd import Notifier
from watcher.domain.errors import WatcherError

EXAMPLE = {
    "aws.endpoint_url": "http://127.0.0.1:9",  # nobody listens there
    "aws.sign_request": "false",
    "http.port": "0",
}


def loaded(folder: Path, **overrides: str) -> Loaded:
    """Settings for a watcher in this folder; `__` stands for a dot."""
    named = {key.replace("__", "."): text for key, text in overrides.items()}
    return load(None, {**EXAMPLE, **named}, {}, folder)


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def built(folder: Path, **overrides: str) -> App:
    settings = loaded(folder, **overrides)
    return build(settings, lambda: settings, Notifier())


def test_a_watcher_with_nothing_to_do_starts_and_ends_and_leaves_nothing_open(tmp_path: Path) -> None:
    with capture_logs() as logs:
        built(tmp_path, sinks='[{"type": "file", "path": "out.jsonl"}]').daemon.run(until_empty=True)
    events = [entry["event"] for entry in logs]
    assert [event for event in events if event in ("started", "draining", "stopped")] == [
        "started",
        "draining",
        "stopped",
    ]
    assert "thread_died" not in events


def test_the_start_tells_what_it_works_with_and_the_service_manager_hears_how_it_goes(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, capture_logs() as logs:
        manager.bind(str(tmp_path / "notify"))
        app = build(settings, lambda: settings, Notifier(str(tmp_path / "notify")))
        app.reload()
        app.daemon.run(until_empty=True)
        told = [manager.recv(4096).decode() for _ in range(3)]
    [started] = [entry for entry in logs if entry["event"] == "started"]
    assert started["region"] == "us-east-1"
    assert started["endpoint"] == "http://127.0.0.1:9"
    assert started["ledger"] == "sqlite:///watcher.db"
    assert told[0].startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert told[1].startswith("READY=1\nSTATUS=watching 0 sessions, 0 decided, rate 25/s")
    assert told[2].startswith("READY=1\n")


def test_a_part_that_cannot_be_built_leaves_nothing_open(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(WatcherError):
        built(tmp_path, http__port=str(port), queue__url="sqlite:///missing/q.db")
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))

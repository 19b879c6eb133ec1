"""What a service manager hears from the real command, over a real socket."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon
from tests.support import run_watcher

WATCHDOG_USEC = 600_000


class Manager:
    """Hears what the watcher says, and remembers all of it."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)

    def wait_for(self, variable: str, within: float = PATIENCE) -> dict[str, str]:
        """The next news with this variable; TimeoutError when nothing at all comes for so many seconds."""
        self._socket.settimeout(within)
        while True:
            news = dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))
            if variable in news:
                return news

    def forget(self) -> None:
        """Drop what has come so far."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while self._socket.recv(4096):
                pass

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(tmp_path)
    yield listening
    listening.close()


def test_the_life_of_a_service(start: Callable[..., Daemon], manager: Manager, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[decision]\nthreshold = 70\n")
    daemon = start(
        "--config", str(file), NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=str(WATCHDOG_USEC), WATCHDOG_PID=""
    )
    assert manager.wait_for("READY")["STATUS"].startswith("watching 0 sessions, 0 decided, rate ")
    assert daemon.wait_for_event("started")["config"] == str(file)
    fed = [time.monotonic() for _ in range(4) if manager.wait_for("WATCHDOG")]
    assert fed[-1] - fed[0] < 3 * WATCHDOG_USEC / 1e6

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    file.write_text("[decision]\nthreshold = 700\n")
    daemon.send(signal.SIGHUP)
    assert before <= int(manager.wait_for("RELOADING")["MONOTONIC_USEC"]) <= before + PATIENCE * 1e6
    assert "settings not reloaded: decision.threshold = 700" in manager.wait_for("READY")["STATUS"]
    file.write_text("[decision]\nthreshold = 71\n")
    daemon.send(signal.SIGHUP)
    assert manager.wait_for("RELOADING")
    assert "not reloaded" not in manager.wait_for("READY")["STATUS"]

    daemon.send(signal.SIGTERM)
    assert manager.wait_for("STOPPING")["STATUS"].startswith("draining")
    assert int(manager.wait_for("EXTEND_TIMEOUT_USEC")["EXTEND_TIMEOUT_USEC"]) > 25_000_000
    assert daemon.end() == 0


def test_a_process_that_hangs_feeds_no_watchdog(start: Callable[..., Daemon], manager: Manager) -> None:
    daemon = start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=str(WATCHDOG_USEC))
    manager.wait_for("WATCHDOG")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED)
    manager.forget()
    with pytest.raises(TimeoutError):
        manager.wait_for("WATCHDOG", within=3 * WATCHDOG_USEC / 1e6)


def test_a_start_that_fails_is_told_why(manager: Manager, tmp_path: Path) -> None:
    ended = run_watcher(tmp_path, "run", NOTIFY_SOCKET=manager.address, WATCHER_QUEUE__URL="sqlite:///missing/q.db")
    assert ended.returncode == 1
    assert "missing/q.db" in manager.wait_for("STATUS")["STATUS"]

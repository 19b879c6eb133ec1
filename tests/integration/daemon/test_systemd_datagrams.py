import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from watcher.daemon.systemd import MAX_VALUE, Notifier
from watcher.domain.errors import WatcherError


class Manager:
    """A service manager that only listens."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.settimeout(5.0)

    def heard(self) -> str:
        return self.socket.recv(4096).decode()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify") if request.param == "path" else f"@{uuid4()}")
    yield listening
    listening.socket.close()


def test_variables_go_out_together_a_line_each(manager: Manager) -> None:
    Notifier(manager.address).tell(READY=1, STATUS="watching 3 sessions")
    assert manager.heard() == "READY=1\nSTATUS=watching 3 sessions"


def test_a_line_break_in_a_value_begins_no_other_variable(manager: Manager) -> None:
    Notifier(manager.address).tell(STATUS="bad file\nMAINPID=1\x00\x1b[31m")
    assert manager.heard() == "STATUS=bad file MAINPID=1  [31m"


def test_what_is_told_is_bounded_and_utf_8(manager: Manager) -> None:
    Notifier(manager.address).tell(STATUS="\N{SNOWMAN}" * 5000)
    assert manager.heard() == "STATUS=" + "\N{SNOWMAN}" * MAX_VALUE
    Notifier(manager.address).tell(STATUS="lone \udc80")
    assert manager.heard().startswith("STATUS=lone ")


def test_without_a_service_manager_nothing_is_said() -> None:
    notifier = Notifier.take({})
    with capture_logs() as logs:
        notifier.tell(READY=1)
    assert logs == []
    assert notifier.watchdog is None


@pytest.mark.parametrize(
    "address", ["{}/nobody", "{}", "@nobody-{}", "relative", "vsock:2:1", "/a\0b", "/" + "x" * 200]
)
def test_a_broken_socket_is_logged_once_and_never_raised(address: str, tmp_path: Path) -> None:
    notifier = Notifier(address.format(tmp_path))
    with capture_logs() as logs:
        notifier.tell(READY=1)
        notifier.tell(WATCHDOG=1)
    assert [entry["event"] for entry in logs] == ["systemd_notify_failed"]


def test_a_manager_that_does_not_read_holds_nobody_up_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watcher.daemon.systemd.SEND_TIMEOUT", 0.01)
    manager = Manager(str(tmp_path / "notify"))
    notifier = Notifier(manager.address)
    with capture_logs() as logs:
        while not logs:
            notifier.tell(STATUS="x")
    manager.socket.close()
    assert "timed out" in logs[0]["error"]


def test_a_manager_that_comes_back_is_told_again(tmp_path: Path) -> None:
    first = Manager(str(tmp_path / "notify"))
    notifier = Notifier(first.address)
    notifier.tell(STATUS="one")
    first.socket.close()
    Path(first.address).unlink()
    second = Manager(first.address)
    notifier.tell(STATUS="two")
    assert second.heard() == "STATUS=two"
    second.socket.close()


def test_the_variables_are_taken_away_from_children(manager: Manager) -> None:
    environ = {
        "NOTIFY_SOCKET": manager.address,
        "WATCHDOG_USEC": "3000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "1",
    }
    notifier = Notifier.take(environ)
    assert environ == {"A": "1"}
    assert notifier.watchdog == 3.0
    notifier.tell(READY=1)
    assert manager.heard() == "READY=1"


@pytest.mark.parametrize(
    ("variables", "watchdog"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_PID": str(os.getpid())}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_watchdog_counts_only_when_it_is_for_this_process(
    variables: dict[str, str], watchdog: float | None
) -> None:
    assert Notifier.take({"NOTIFY_SOCKET": "/n", **variables}).watchdog == watchdog


def test_a_failure_is_told_with_the_number_of_the_os_error_behind_it(manager: Manager) -> None:
    error = WatcherError("the disk is full")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    Notifier(manager.address).failed(error)
    assert manager.heard() == f"STATUS=failed: the disk is full\nERRNO={errno.ENOSPC}"


def test_a_failure_without_an_os_error_is_told_in_words(manager: Manager) -> None:
    error = WatcherError("the poller thread died")
    error.__cause__ = ZeroDivisionError()
    Notifier(manager.address).failed(error)
    assert manager.heard() == "STATUS=failed: the poller thread died"

"""Hangs and long drains under a real systemd: the watchdog restarts, the drain gets its time, nothing is lost."""

import signal
import time

import pytest

from tests.deploy.systemd.box import needs_box
from tests.deploy.systemd.service import ENDPOINT, SETTINGS, Service

pytestmark = [needs_box, pytest.mark.timeout(500)]

STALLED_ENDPOINT = "http://127.0.0.1:4568"
STALLED = '[[faults]]\nkind = "stall"\nseconds = 60\n'

STOP_ONE_THREAD = """
import ctypes, os, sys
pid, stopped = int(sys.argv[1]), True
libc = ctypes.CDLL(None, use_errno=True)
for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT: of this one thread, the others run on
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
print("stopped")
while stopped:  # its end is reported to the tracer first, and to systemd after that
    stopped = os.WIFSTOPPED(os.waitpid(pid, 0x40000000)[1])
"""


def test_a_hang_and_a_long_drain_lose_nothing(service: Service) -> None:
    box = service.box
    service.override("[Service]\nWatchdogSec=2\nRestartSec=100ms\n")
    box.run("systemctl", "start", "watcher")

    ids = service.create(20)
    service.enqueue(ids)
    pid = service.main_pid()
    box.run("kill", f"-{signal.SIGSTOP.value}", pid)
    _restarted(service, 1)
    pid = service.main_pid()
    service.start_script("tracer", STOP_ONE_THREAD, pid)
    _restarted(service, 2)

    decided = service.wait_for_decisions(ids)
    assert sorted(decision["sessionId"] for decision in decided) == sorted(ids)
    assert {decision["outcome"] for decision in decided} == {"live"}
    assert any("most recent call first" in str(record["MESSAGE"]) for record in box.journal("watcher"))
    _drain_for_long(service)


def _restarted(service: Service, times: int) -> None:
    """Wait for the watchdog's restart."""
    box = service.box
    box.wait_for(lambda: box.show("watcher", "NRestarts")["NRestarts"] == str(times), "restart by the watchdog")
    box.wait_for(lambda: service.state()[0] == "active running", "start after it")


def _drain_for_long(service: Service) -> None:
    """Longer than TimeoutStopSec and WatchdogSec: the watcher asks for the time that it needs."""
    box = service.box
    box.run("systemctl", "stop", "watcher")
    service.simulate("stalled", STALLED_ENDPOINT, STALLED)
    service.override("[Service]\nWatchdogSec=2\nTimeoutStopSec=2\nEnvironment=WATCHER_SHUTDOWN__DRAIN_TIMEOUT=6\n")
    box.write("/etc/watcher/watcher.env", SETTINGS.replace(ENDPOINT, STALLED_ENDPOINT))
    box.run("systemctl", "start", "watcher")
    service.enqueue(service.create(1, STALLED_ENDPOINT))
    box.wait_for(lambda: service.state()[1].startswith("watching 1 sessions"), "session in flight")
    time.sleep(1.0)  # until its first poll is under way: it is due at once, and then hangs
    began = time.monotonic()
    box.run("systemctl", "stop", "watcher")
    assert time.monotonic() - began > 4
    shown = box.show("watcher", "Result", "ExecMainStatus")
    assert shown == {"Result": "success", "ExecMainStatus": "0"}
    assert service.logged("messages_released")[-1]["said"]["messages"] == 1

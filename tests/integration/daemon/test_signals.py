import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import ROOT
from watcher.daemon.signals import SAME_STOP

PROGRAM = """
import subprocess, sys, threading
from watcher.telemetry import logs
from watcher.daemon import signals

logs.configure("info", "json")  # to stderr

stopped = threading.Event()

def stop():
    print("stop", flush=True)
    if "linger" not in sys.argv:
        stopped.set()

CHILD = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []), int(signal.getsignal(signal.SIGTERM)))"

def reload():
    print("reload", flush=True)
    if "hanging" in sys.argv:
        threading.Event().wait()
    if "broken" in sys.argv:
        raise OSError("a bug")

def beat():
    if "dying" in sys.argv:
        raise ZeroDivisionError("a bug")

listener = signals.install_listener()
if "early" not in sys.argv:
    listener.connect(
        signals.Handlers(
            stop=stop,
            reload=reload,
            stop_limit=0.5 if "late" in sys.argv else 60.0,
            beat=beat,
            log=logs.logger(),
            flush=lambda: print("flushed", flush=True),
        )
    )
threading.Thread(target=stopped.wait, daemon=True).start()  # signals may reach any thread
if "child" in sys.argv:
    subprocess.run([sys.executable, "-c", CHILD])
print("ready", flush=True)
stopped.wait()
print("ended", flush=True)
"""


class Process:
    """The program above, spoken to with signals and listened to line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait_until_ready(self) -> None:
        assert self.line() == "ready"

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> int:
        self._process.communicate(timeout=20)
        return self._process.returncode


@contextmanager
def program(*words: str) -> Iterator[Process]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            spoken = Process(process)
            yield spoken
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_stops_in_good_order(number: signal.Signals) -> None:
    with program() as process:
        process.wait_until_ready()
        process.send(number)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)],
)
def test_the_second_signal_ends_the_process_at_once_with_1(first: signal.Signals, second: signal.Signals) -> None:
    with program("linger") as process:
        process.wait_until_ready()
        process.send(first)
        assert process.line() == "stop"
        time.sleep(SAME_STOP)
        process.send(second)
        assert process.line() == "flushed"
        assert process.line() == ""
        assert process.end() == 1


def test_an_echo_of_the_stop_does_not_cut_the_drain_short() -> None:
    with program() as process:
        process.wait_until_ready()
        process.send(signal.SIGSTOP)  # both are there when it goes on, however slow this test is
        process.send(signal.SIGTERM)
        process.send(signal.SIGINT)
        process.send(signal.SIGCONT)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


def test_a_hangup_reloads_as_often_as_it_comes_even_while_stopping() -> None:
    with program("linger") as process:
        process.wait_until_ready()
        for _ in range(2):
            process.send(signal.SIGHUP)
            assert process.line() == "reload"
        process.send(signal.SIGTERM)
        assert process.line() == "stop"
        process.send(signal.SIGHUP)
        assert process.line() == "reload"


def test_a_reload_that_fails_leaves_a_watcher_that_can_be_stopped() -> None:
    with program("broken") as process:
        process.wait_until_ready()
        process.send(signal.SIGHUP)
        assert process.line() == "reload"
        process.send(signal.SIGTERM)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


def test_a_stop_before_there_is_anything_to_drain_ends_the_process_at_once() -> None:
    with program("early") as process:
        process.wait_until_ready()
        process.send(signal.SIGHUP)  # kept for later
        process.send(signal.SIGTERM)
        assert process.end() == 0


def test_a_stop_that_hangs_ends_at_its_limit() -> None:
    with program("linger", "late") as process:
        process.wait_until_ready()
        process.send(signal.SIGTERM)
        assert process.line() == "stop"
        assert process.end() == 1


def test_a_reload_that_hangs_keeps_nobody_from_stopping_the_watcher() -> None:
    with program("hanging") as process:
        process.wait_until_ready()
        process.send(signal.SIGHUP)
        assert process.line() == "reload"
        process.send(signal.SIGTERM)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


def test_child_processes_inherit_no_blocked_signal() -> None:
    with program("child") as process:
        assert process.line() == "set() 0"


def test_signals_that_our_parent_blocked_are_taken_all_the_same() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        with program() as process:
            process.wait_until_ready()
            process.send(signal.SIGTERM)
            assert [process.line(), process.line()] == ["stop", "ended"]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_listener_that_dies_stops_the_watcher_for_nobody_else_could() -> None:
    with program("dying") as process:
        process.wait_until_ready()
        process.send(signal.SIGHUP)
        assert process.end() == 0

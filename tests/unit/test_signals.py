import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import ROOT
from watcher.signals import SAME_STOP

PROGRAM = """
import sys, threading
from watcher import logs, signals

logs.configure("info", "json")  # to stderr

stopped = threading.Event()

def stop():
    print("stop", flush=True)
    if "linger" not in sys.argv:
        stopped.set()

def reload():
    print("reload", flush=True)
    if "broken" in sys.argv:
        raise OSError("a bug")

signals.listen(stop, reload)
worker = threading.Thread(target=stopped.wait, daemon=True)  # inherits the mask: only the listener gets signals
worker.start()
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
            assert spoken.line() == "ready"
            yield spoken
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_stops_in_good_order(number: signal.Signals) -> None:
    with program() as process:
        process.send(number)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)],
)
def test_the_second_signal_ends_the_process_at_once_with_1(first: signal.Signals, second: signal.Signals) -> None:
    with program("linger") as process:
        process.send(first)
        assert process.line() == "stop"
        time.sleep(SAME_STOP)
        process.send(second)
        assert process.line() == ""
        assert process.end() == 1


def test_an_echo_of_the_stop_does_not_cut_the_drain_short() -> None:
    with program() as process:
        process.send(signal.SIGTERM)
        process.send(signal.SIGINT)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0


def test_a_hangup_reloads_as_often_as_it_comes_even_while_stopping() -> None:
    with program("linger") as process:
        for _ in range(2):
            process.send(signal.SIGHUP)
            assert process.line() == "reload"
        process.send(signal.SIGTERM)
        assert process.line() == "stop"
        process.send(signal.SIGHUP)
        assert process.line() == "reload"


def test_a_reload_that_fails_leaves_a_watcher_that_can_be_stopped() -> None:
    with program("broken") as process:
        process.send(signal.SIGHUP)
        assert process.line() == "reload"
        process.send(signal.SIGTERM)
        assert [process.line(), process.line()] == ["stop", "ended"]
        assert process.end() == 0

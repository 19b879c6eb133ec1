"""`watcher run` answers signals and goes on deciding, whatever hangs around it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon, put_on_queue
from tests.support import BUSY, environment_of
from watcher.daemon.signals import SAME_STOP
from watcher.daemon.systemd import STOP_SLACK
from watcher.simulator import Fault, SessionScript, Simulator
from watcher.simulator.calls import CallRecord

QUICK = SessionScript(created_for=0, in_progress_for=1)
NEVER = SessionScript(ending="IN_PROGRESS")

Spawn = Callable[..., "subprocess.Popen[bytes]"]
Start = Callable[..., Daemon]


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads and that has no room."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    yield writer
    os.close(reader)
    os.close(writer)


@pytest.fixture
def spawn(tmp_path: Path, environment: dict[str, str]) -> Iterator[Spawn]:
    """Start `watcher run` with these streams (nowhere by default) and settings."""
    processes: list[subprocess.Popen[bytes]] = []

    def spawned(
        *, stdout: int = subprocess.DEVNULL, stderr: int = subprocess.DEVNULL, **settings: str
    ) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", "watcher", "run"],
            cwd=tmp_path,
            env=environment_of(**environment | settings),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        processes.append(process)
        return process

    yield spawned
    for process in processes:
        process.kill()
        process.wait()


def wait_for_lines(path: Path, count: int) -> set[str]:
    """The sessions decided in a file sink, once there are so many."""
    limit = time.monotonic() + PATIENCE
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert time.monotonic() < limit, f"fewer than {count} decisions"
        time.sleep(0.05)
    return {json.loads(line)["subject"] for line in path.read_text().splitlines()}


def test_decisions_go_on_and_a_stop_drains_while_nobody_reads_standard_error(
    tmp_path: Path, simulator: Simulator, spawn: Spawn, full_pipe: int
) -> None:
    sessions = [simulator.create_session(QUICK) for _ in range(300)]
    put_on_queue(tmp_path, *sessions)
    process = spawn(stderr=full_pipe, WATCHER_SINKS=FILE_SINK, WATCHER_LOG__LEVEL="debug")
    assert wait_for_lines(tmp_path / "decisions", 300) == set(sessions)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


FILE_SINK = '[{"type": "file", "path": "decisions"}]'
STDOUT_AND_FILE = '[{"type": "stdout"}, {"type": "file", "path": "decisions"}]'


def test_a_second_signal_ends_it_within_a_second_while_nobody_reads_standard_error(
    tmp_path: Path, simulator: Simulator, calls: "SimpleQueue[CallRecord]", spawn: Spawn, full_pipe: int
) -> None:
    put_on_queue(tmp_path, simulator.create_session(SessionScript(faults=(Fault("stall"),))))
    port = free_port()
    process = spawn(stderr=full_pipe, WATCHER_SHUTDOWN__DRAIN_TIMEOUT="60", WATCHER_HTTP__PORT=str(port))
    assert calls.get(timeout=PATIENCE).result == "stall"
    process.send_signal(signal.SIGTERM)
    wait_until_draining(port)
    time.sleep(SAME_STOP + 0.1)
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    assert process.wait(PATIENCE) == 1
    assert time.monotonic() - begun < 1.0 + BUSY


def test_decisions_go_on_and_a_stop_is_bounded_while_nobody_reads_standard_output(
    tmp_path: Path, simulator: Simulator, spawn: Spawn, full_pipe: int
) -> None:
    sessions = [simulator.create_session(QUICK) for _ in range(300)]
    put_on_queue(tmp_path, *sessions)
    process = spawn(stdout=full_pipe, WATCHER_SINKS=STDOUT_AND_FILE, WATCHER_SHUTDOWN__DRAIN_TIMEOUT="1")
    assert wait_for_lines(tmp_path / "decisions", 300) == set(sessions)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    assert process.wait(PATIENCE) == 0
    assert time.monotonic() - begun < 1 + STOP_SLACK + BUSY


def test_a_full_disk_behind_standard_error_shows_in_the_metrics(
    tmp_path: Path, simulator: Simulator, spawn: Spawn
) -> None:
    put_on_queue(tmp_path, simulator.create_session(QUICK))
    port = free_port()
    full = os.open("/dev/full", os.O_WRONLY)
    process = spawn(stderr=full, WATCHER_SINKS=FILE_SINK, WATCHER_HTTP__PORT=str(port))
    os.close(full)
    wait_for_lines(tmp_path / "decisions", 1)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        metrics = answer.read().decode()
    (dropped,) = (line for line in metrics.splitlines() if line.startswith("watcher_log_lines_dropped_total "))
    assert float(dropped.split()[1]) >= 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def wait_until_draining(port: int) -> None:
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE).close()
        except HTTPError as error:
            with error:
                if b"draining" in error.read():
                    return
        assert time.monotonic() < limit
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_settings_file_that_never_ends_fails_a_reload_and_holds_up_nothing(tmp_path: Path, start: Start) -> None:
    settings = tmp_path / "watcher.toml"
    settings.write_text("")
    daemon = start()
    daemon.wait_for_event("started")
    settings.unlink()
    os.mkfifo(settings)
    daemon.send(signal.SIGHUP)
    (problem,) = daemon.wait_for_event("reload_failed")["problems"]
    assert "a pipe or a device, which may never end" in problem
    assert "watcher_config_last_reload_successful 0.0" in daemon.get("/metrics")
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0


def test_a_held_lock_of_the_scheduler_does_not_hold_up_a_stop_and_all_leases_are_given_back(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    sessions = [simulator.create_session(NEVER) for _ in range(5)]
    daemon = start(WATCHER_TEST_STALL="scheduler:3", WATCHER_SHUTDOWN__DRAIN_TIMEOUT="2")
    daemon.wait_for_event("started")
    put_on_queue(tmp_path, *sessions)
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and "watcher_sessions_in_flight 5.0" not in daemon.get("/metrics"):
        time.sleep(0.05)
    time.sleep(4)  # the lock is held for sure
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.end() == 0
    assert time.monotonic() - begun < 2 + STOP_SLACK + BUSY
    assert daemon.wait_for_event("drain_step_timed_out")["step"] == "scheduler"
    assert daemon.wait_for_event("messages_released")["messages"] == 5


HELPER = """\
#!/bin/sh
grep SigBlk /proc/self/status > {folder}/blocked
echo '{{"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret"}}'
"""


def test_a_credential_process_can_be_stopped_for_no_signal_is_blocked(
    tmp_path: Path, simulator: Simulator, start: Start
) -> None:
    helper = tmp_path / "helper"
    helper.write_text(HELPER.format(folder=tmp_path))
    helper.chmod(0o755)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {helper}\n")
    put_on_queue(tmp_path, simulator.create_session(QUICK))
    daemon = start(AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    daemon.wait_for_decisions(1)
    assert (tmp_path / "blocked").read_text().split()[1] == "0" * 16


@pytest.mark.parametrize("arguments", [("run",), ("decisions",), ("get", "--session-id", "x"), ("--help",)])
def test_an_interrupt_at_any_moment_of_the_start_is_no_traceback_of_ours(
    tmp_path: Path, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    """Python's own start, some 20 ms, answers an interrupt with its own traceback: nobody can help that. So does the
    import of the module that changes it."""
    for offset in range(0, 400, 20):
        process = subprocess.Popen(
            [sys.executable, "-m", "watcher", *arguments],
            cwd=tmp_path,
            env=environment_of(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(offset / 1000)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=PATIENCE)
        is_ours = b"watcher/" in error and b"    import signal\n" not in error
        assert not is_ours or b"Traceback" not in error, (offset, error.decode())


def test_a_thread_of_the_signals_that_dies_stops_the_watcher(tmp_path: Path, start: Start) -> None:
    daemon = start(WATCHER_TEST_STALL="signals:0:die")
    daemon.wait_for_event("started")
    daemon.send(signal.SIGHUP)
    assert daemon.wait_for_event("thread_died")["thread"] == "signals"
    assert daemon.end() == 0

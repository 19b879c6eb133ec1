"""`watcher demo` as its user sees it: the real command, piped, with the real daemon below it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

COMMAND = [sys.executable, "-m", "watcher", "demo"]
pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")


@dataclass
class Ran:
    code: int
    out: str
    err: str
    kept: Path


def environment(folder: Path) -> dict[str, str]:
    """A user's environment that the demo must not believe, with temporary files in `folder`."""
    misleading = {"AWS_PROFILE": "none-such", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "WATCHER_HTTP__PORT": "x"}
    return os.environ | misleading | {"TMPDIR": str(folder), "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A demo of 25 sessions, kept."""
    folder = tmp_path_factory.mktemp("demo")
    kept = folder / "kept"
    command = [*COMMAND, "--sessions", "25", "--keep", str(kept)]
    planting = Thread(target=plant, args=(kept, folder / "planted-code-ran"))
    planting.start()
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True, timeout=110, check=False)
    planting.join()
    return Ran(done.returncode, done.stdout, done.stderr, kept)


def plant(kept: Path, proof: Path) -> None:
    """Put a module into the folder to keep as soon as it is there, as somebody might where others can write."""
    end = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < end:
        time.sleep(0.001)
    for name in ("watcher", "sqlite3", "boto3"):
        (kept / f"{name}.py").write_text(f"open({str(proof)!r}, 'w')\n")


def test_every_decision_is_as_scripted(ran: Ran) -> None:
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[-1] == "all 25 decisions are as scripted"


def test_the_summary_has_a_row_for_each_outcome_and_reason(ran: Ran) -> None:
    rows = [line.split() for line in ran.out.splitlines() if re.search(r"\s\d+\s+\d+$", line)]
    assert {row[0] for row in rows} == {"live", "not_live", "inconclusive", "all"}
    assert len(rows) == 12
    assert all(row[-1] == row[-2] for row in rows)
    assert rows[-1] == ["all", "25", "25"]
    assert "\x1b" not in ran.out + ran.err


def test_the_summary_says_what_came_of_hints(ran: Ran) -> None:
    (line,) = [line for line in ran.out.splitlines() if line.startswith("hints: ")]
    found = re.match(
        r"hints: (\d+) of (\d+) ends announced; delay p50 \d+\.\d\d s \(end to decision, real time\)", line
    )
    assert found
    assert 0 < int(found[1]) <= int(found[2]) < 25


def test_progress_goes_to_stderr_a_line_at_a_time(ran: Ran) -> None:
    lines = [line for line in ran.err.splitlines() if line.startswith("demo: ")]
    assert re.fullmatch(r"demo: local Rekognition endpoint: http://127\.0\.0\.1:\d+", lines[0])
    assert re.fullmatch(r"demo: metrics of the daemon: http://127\.0\.0\.1:\d+/metrics", lines[1])
    assert "started 25/25, decided 25/25" in lines[-1]
    assert "dead letters 3" in lines[-1]


def test_what_is_kept_can_be_looked_at(ran: Ran) -> None:
    commands = next_commands(ran.err)
    assert commands[0] == f"{sys.executable} -m watcher decisions --config {ran.kept}/watcher.toml"
    assert_run_well(commands, ran.kept.parent)
    assert {path.name for path in ran.kept.iterdir()} >= {"watcher.toml", "watcher.db", "decisions.jsonl"}


def test_a_demo_that_was_not_kept_ends_with_three_commands_that_work(tmp_path: Path) -> None:
    command = [*COMMAND, "--sessions", "5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_run_well(next_commands(done.stderr), tmp_path)


def next_commands(err: str) -> list[str]:
    head, *commands = err.splitlines()[-4:]
    assert head == "Next:"
    return commands


def assert_run_well(commands: list[str], folder: Path) -> None:
    """Run each as somebody would who copies it."""
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, capture_output=True, text=True, timeout=110, check=False
        )
        assert done.returncode == 0, (command, done.stderr)


def test_no_code_of_the_folder_is_run(ran: Ran) -> None:
    assert (ran.kept / "watcher.py").exists()
    assert not (ran.kept.parent / "planted-code-ran").exists()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    command = [*COMMAND, "--sessions", "1", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"--keep {tmp_path}: is not empty: name a new folder" in done.stderr


@contextmanager
def under_way(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A demo that has just begun to feed its daemon; gone at the end."""
    with subprocess.Popen(
        [*COMMAND, "--sessions", "25"],
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        try:
            assert demo.stderr is not None
            assert any("decided 0/25" in line for line in demo.stderr), "it never began"
            yield demo
        finally:
            demo.kill()


def daemon_of(demo: "subprocess.Popen[str]") -> int:
    tasks = Path(f"/proc/{demo.pid}/task").iterdir()
    (pid,) = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    return pid


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_stops_and_removes_everything(tmp_path: Path, number: signal.Signals) -> None:
    with under_way(tmp_path) as demo:
        daemon = daemon_of(demo)
        begun = time.monotonic()
        demo.send_signal(number)
        out, err = demo.communicate(timeout=30)
        assert time.monotonic() - begun < 15
    assert (demo.returncode, out) == (128 + number, "")
    assert "Traceback" not in err
    assert not is_running(daemon)
    assert not list(tmp_path.iterdir())


def test_a_daemon_that_dies_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    with under_way(tmp_path) as demo:
        os.kill(daemon_of(demo), signal.SIGKILL)
        out, err = demo.communicate(timeout=30)
    assert (demo.returncode, out) == (1, "")
    assert "the daemon ended with exit code -9; its last lines:" in err
    assert '"event": "started"' in err
    assert not list(tmp_path.iterdir())

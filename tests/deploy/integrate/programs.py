"""The examples as processes, and what they print."""

import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.deploy.integrate.conftest import INTEGRATE
from tests.support import environment_of

PATIENCE = 60.0
"""Seconds after which a program that has not printed what is waited for has failed the test."""

PYTHON = INTEGRATE / "python"


def python(name: str) -> list[str]:
    return [sys.executable, str(PYTHON / name)]


class Program:
    """A spawned example; `wait_for` reads its lines."""

    def __init__(self, command: Sequence[str], folder: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment_of(**environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def wait_for(self, words: str) -> str:
        """The next line with these words."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {words!r} after {self._seen}") from None
            self._seen.append(line)
            if words in line:
                return line

    def port(self) -> int:
        """The port that a receiver listens on."""
        return int(self.wait_for("listening on port").rpartition(" ")[2])

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._reader.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


def finish(command: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: str = "") -> str:
    """Run a program to its end; returns its stdout."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment_of(**environment),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout

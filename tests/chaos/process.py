"""A real `watcher run`, whose output goes to files: what it had printed when it was killed is there to read."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.chaos.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]


def watcher_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This machine's environment without its settings for watchers and AWS, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WATCHER_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


class WatcherProcess:
    """One process.

    Attributes:
        killed: whether the scenario has sent it SIGKILL, so that its end proves nothing.
        expected_codes: exit codes that are right for it.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        settings: Mapping[str, str],
        *,
        prefix: Sequence[str] = (),
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> None:
        """`prefix`: a command that runs it. `stdout` and `stderr`: descriptors instead of the files."""
        self.name = name
        self.out_path, self.log_path = folder / f"{name}.out", folder / f"{name}.log"
        self.killed = False
        self.expected_codes = {0}
        with self.out_path.open("wb") as out, self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "watcher", "run"],
                cwd=folder,
                env=watcher_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=out if stdout is None else stdout,
                stderr=log if stderr is None else stderr,
            )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self.killed |= number is signal.SIGKILL
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.send(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def wait_for_end(self) -> int:
        wait_until(lambda: not self.is_running, f"the end of {self.name}")
        return int(self.process.returncode)

    def log(self) -> list[dict[str, Any]]:
        """The log lines so far; a line that is only half there is left out."""
        return [line for line in map(_parsed, _whole_lines(self.log_path)) if isinstance(line, dict)]

    def strays(self) -> list[str]:
        """What is on stderr and neither a log line nor the one line that says why a start failed."""
        lines = [line for line in _whole_lines(self.log_path) if line and not line.startswith("Error: ")]
        return [f"{self.name}: {line}" for line in lines if not isinstance(_parsed(line), dict)]

    def wait_for_event(self, event: str) -> dict[str, Any]:
        """The first log line of this event."""

        def found() -> bool:
            assert self.is_running or self.has_logged(event), (
                f"{self.name} ended: {self.log_path.read_text()[-2000:]}"
            )
            return self.has_logged(event)

        wait_until(found, f"{event} in the log of {self.name}")
        return next(line for line in self.log() if line["event"] == event)

    def has_logged(self, event: str) -> bool:
        return any(line["event"] == event for line in self.log())

    def problems(self) -> list[dict[str, str]]:
        """What /readyz says is wrong; nothing when it is ready."""
        port = self.wait_for_event("started")["port"]
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE):
                return []
        except HTTPError as answer:
            with answer:
                found: list[dict[str, str]] = json.load(answer)
                return found

    def livez(self) -> tuple[int, str]:
        """Status and text of /livez."""
        port = self.wait_for_event("started")["port"]
        try:
            with urlopen(f"http://127.0.0.1:{port}/livez", timeout=PATIENCE) as answer:
                return int(answer.status), answer.read().decode()
        except HTTPError as answer:
            with answer:
                return int(answer.code), answer.read().decode()

    def wait_until_ready(self) -> float:
        """Seconds until /readyz is green."""
        return wait_until(lambda: not self.problems(), f"{self.name} ready")

    def wait_for_problem(self, *parts: str) -> tuple[float, str]:
        """Seconds until /readyz names one of these parts (or something of theirs), and what it says."""
        found: list[str] = []

        def is_named() -> bool:
            found[:] = [
                f"{problem['part']}: {problem['problem']}"
                for problem in self.problems()
                if problem["part"].startswith(parts)
            ]
            return bool(found)

        return wait_until(is_named, f"/readyz of {self.name} names {' or '.join(parts)}"), found[0]

    def close(self) -> None:
        """Kill what still runs, also if it was stopped."""
        if self.is_running:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(PATIENCE)


def _whole_lines(path: Path) -> list[str]:
    text = path.read_text(errors="replace")
    return text[: text.rfind("\n") + 1].splitlines()


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None

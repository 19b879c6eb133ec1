"""A machine of its own with a real systemd, for as long as a test runs."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import pytest

from tests.support import ROOT

PATIENCE = 60.0
"""Seconds after which what is waited for in a box has not come."""

SETUP_PATIENCE = 300.0
"""Seconds for the setup and the boot."""

SYSTEMD = Path("/lib/systemd/systemd")
PYTHON = "/usr/bin/python3"


def why_not() -> str:
    """Why there can be no box here; empty when there can."""
    if os.environ.get("WATCHER_TEST_SYSTEM") != "1":
        return "boots a systemd in namespaces: set WATCHER_TEST_SYSTEM=1"
    if os.geteuid() != 0:
        return "needs root for namespaces and mounts"
    if not SYSTEMD.exists() or not shutil.which("nsenter"):
        return "needs systemd and util-linux"
    probe = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    if subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode:
        return f"needs {PYTHON} to be Python >= 3.11 with venv: one under /root is hidden by ProtectHome"
    return ""


needs_box = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


class Box:
    """A booted systemd; `setup` is a shell script that was run before the boot, with a network."""

    def __init__(self, folder: Path, setup: str) -> None:
        self.name = f"watcher-box-{uuid4().hex[:12]}"
        self._folder = folder / "box"
        self._folder.mkdir()
        script = folder / "setup"
        script.write_text(setup)
        self._log = (folder / "console").open("w+b")
        self._process = subprocess.Popen(
            # Killed with this process, even when that gets no chance to clean up.
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                str(Path(__file__).with_name("box.sh")),
                str(self._folder),
                self.name,
                str(ROOT),
                str(script),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        try:
            self.wait_for(self._is_booted, "boot", SETUP_PATIENCE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # takes the box's PID 1 with it, and the kernel all the rest
        self._process.wait()
        self._log.close()
        for groups in Path("/sys/fs/cgroup").glob(f"**/{self.name}"):
            self.wait_for(lambda groups=groups: _removed(groups), f"end of {groups}")  # type: ignore[misc]

    def run(self, *command: str, stdin: str = "", check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command inside, as root."""
        path = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        enter = ["nsenter", "--target", str(self._pid_1()), "--all", "env", "-i", path, "HOME=/"]
        ended = subprocess.run(
            [*enter, *command], input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert not check or ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}\n{self.console()}"
        return ended

    def write(self, path: str, text: str) -> None:
        """Write a file inside."""
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path, stdin=text)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit."""
        text = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties)).stdout
        return dict(line.split("=", 1) for line in text.splitlines())

    def journal(self, unit: str) -> list[dict[str, Any]]:
        """The records of a unit; those that are JSON are there as `said`, too."""
        self.run("journalctl", "--sync", check=False)
        text = self.run("journalctl", "-u", unit, "-o", "json", "--all").stdout
        records = [json.loads(line) for line in text.splitlines()]
        for record in records:
            record["said"] = _json(record["MESSAGE"])
        return records

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
        """Look until it is so."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"no {what}\n{self.last_words()}"
            time.sleep(0.05)

    def last_words(self) -> str:
        """What to look at when something has not come."""
        if self._log.closed or self._process.poll() is not None or not self._pid_1():
            return self.console()
        return self.run("journalctl", "--no-pager", "--lines=60", "--output=short-monotonic", check=False).stdout

    def console(self) -> str:
        """What was printed in the setup and the boot."""
        if self._log.closed:
            return ""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def _is_booted(self) -> bool:
        assert self._process.poll() is None, f"no box: {self.console()}"
        try:
            command = Path(f"/proc/{self._pid_1()}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False  # no child yet, or a command of the setup that has just ended
        if not command.startswith(bytes(SYSTEMD)):
            return False
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def _pid_1(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0]) if children else 0


def _json(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _removed(groups: Path) -> bool:
    """Whether a control group and those below it are gone; they can't go before their last process has."""
    for folder, _, _ in os.walk(groups, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True

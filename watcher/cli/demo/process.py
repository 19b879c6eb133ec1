"""The real daemon in a separate process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.workspace import DemoError, Workspace


@dataclass(frozen=True, slots=True)
class DaemonProcess:
    """A `watcher run` on the demo's settings, and where its metrics are."""

    process: subprocess.Popen[bytes]
    workspace: Workspace
    host: str
    port: int

    @property
    def metrics_url(self) -> str:
        """For a browser, or curl."""
        return f"http://{self.host}:{self.port}/metrics"

    def check(self) -> None:
        """Raises DemoError if it has ended."""
        if self.process.poll() is not None:
            raise _died(self.process, self.workspace)

    def stop(self) -> None:
        """SIGTERM, and a clean drain.

        Raises:
            DemoError: it did not end, or not with exit code 0.
        """
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(DEMO.drain_limit)
        except subprocess.TimeoutExpired:
            raise DemoError(f"the daemon did not stop within {DEMO.drain_limit:.0f} s of SIGTERM") from None
        if code != 0:
            raise _died(self.process, self.workspace)


@contextmanager
def start_daemon(workspace: Workspace) -> Iterator[DaemonProcess]:
    """Start it and wait until it says where it listens; at the end of the block it is stopped in any case.

    Raises:
        DemoError: it did not start.
    """
    # -P: don't import modules from its working directory.
    command = [sys.executable, "-P", "-m", "watcher", "run", "--config", str(workspace.config)]
    with workspace.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=workspace.folder,
            env=workspace.environment(os.environ),
            process_group=0,  # Ctrl-C goes to the demo, which stops the daemon itself
        )
    try:
        host, port = _where(process, workspace)
        yield DaemonProcess(process, workspace, host, port)
    finally:
        _end(process)


def _where(process: "subprocess.Popen[bytes]", workspace: Workspace) -> tuple[str, int]:
    limit = time.monotonic() + DEMO.start_limit
    while process.poll() is None:
        if (started := _started(workspace)) is not None:
            return started
        if time.monotonic() >= limit:
            raise DemoError(f"the daemon did not start within {DEMO.start_limit:.0f} s{_last_lines(workspace)}")
        time.sleep(DEMO.process_interval)
    raise _died(process, workspace)


def _started(workspace: Workspace) -> tuple[str, int] | None:
    for line in workspace.log.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError):  # half a line, or one that is not from the log
            fields = json.loads(line)
            if isinstance(fields, dict) and fields.get("event") == "started":
                return str(fields["host"]), int(fields["port"])
    return None


def _died(process: "subprocess.Popen[bytes]", workspace: Workspace) -> DemoError:
    return DemoError(f"the daemon ended with exit code {process.returncode}{_last_lines(workspace)}")


def _last_lines(workspace: Workspace) -> str:
    lines = workspace.log.read_text(encoding="utf-8", errors="replace").splitlines()[-DEMO.last_lines :]
    return "; its last lines:\n" + "\n".join(f"  {line}" for line in lines) if lines else "; its log is empty"


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(DEMO.kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

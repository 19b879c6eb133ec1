"""What several test folders share: time that only moves when told, no limit, decisions, the real command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Lock
from typing import Any

from watcher.domain.model import DEFAULT_POLICY, DecisionEvent, SessionKey

ROOT = Path(__file__).parents[1]

BUSY = 5.0
"""Seconds that a busy machine may add to a measured time; what the test guards against takes far longer."""

START = 1_750_000_000.0
"""Epoch seconds at which every ManualClock begins."""


class ManualClock:
    """A clock that stands still until `advance`; safe to read from several threads."""

    def __init__(self, start: float = START) -> None:
        self._lock = Lock()
        self._wall = start
        self._monotonic = 1000.0

    def time(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._wall += seconds
            self._monotonic += seconds

    def set_wall(self, epoch: float) -> None:
        """Somebody sets the machine's clock: the monotonic one doesn't notice."""
        with self._lock:
            self._wall = epoch


class Unlimited:
    """A rate limiter without a limit: the service's throttling and the backoff are all there is."""

    rate = 0.0

    def acquire(self, now: float) -> float:
        """Always given."""
        return 0.0

    def on_response(self, now: float, *, throttled: bool) -> None:
        """Nothing depends on how calls end."""


class SteppingEvent(Event):
    """An event nobody waits for: `wait` lets the clock run instead, and notes for how long."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None, "a wait without a bound would hang"
        self.waits.append(timeout)
        self._clock.advance(timeout)
        return self.is_set()


def session_id(number: int) -> str:
    """A valid session id, the same for the same number."""
    digits = f"{number:032x}"  # as str(UUID(int=number)) has it, for the many ids of a crowd
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def decision(number: int, outcome: str = "live", policy: str = DEFAULT_POLICY) -> DecisionEvent:
    """A decision event with the members that readers of the ledger look at."""
    key = SessionKey(session_id(number), policy)
    data: dict[str, Any] = {
        "sessionId": key.session_id,
        "outcome": outcome,
        "reason": "confidence_met",
        "policy": policy,
    }
    data |= {"confidence": 97.3, "threshold": 80.0, "polls": 3, "decidedAt": "2025-06-15T15:06:40Z"}
    body = {"specversion": "1.0", "id": key.event_id, "time": "2025-06-15T15:06:40Z", "data": data}
    return DecisionEvent(key, json.dumps(body, separators=(",", ":")))


def environment_of(**settings: str) -> dict[str, str]:
    """The environment of a real command: these settings, and none of this machine's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WATCHER_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


def watcher_process(cwd: Path, *arguments: str, **settings: str) -> "subprocess.Popen[bytes]":
    """The real command in the folder `cwd`, with pipes, and with none of this machine's settings."""
    return subprocess.Popen(
        [sys.executable, "-m", "watcher", *arguments],
        cwd=cwd,
        env=environment_of(**settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_watcher(
    cwd: Path, *arguments: str, stdin: bytes = b"", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run the real command to its end."""
    with watcher_process(cwd, *arguments, **settings) as process:
        out, err = process.communicate(stdin, timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out.decode(), err.decode())

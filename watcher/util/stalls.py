"""Threads that hang or die on purpose, for tests of a real process.

`WATCHER_TEST_STALL=POINT:AFTER[:FOR]`, several separated by commas. AFTER seconds after the start, the first thread
that reaches POINT hangs there: permanently, or for FOR seconds; with `die` as FOR it raises `TestDeath`.

A point is a thread's role (`poller`, `scheduler`, `lease-extender`, `consumer`, `http`, `signals`, `sink-stdout`,
...: its own code hangs; `scheduler` while it holds the scheduler's lock), or a call to the outside (`queue.receive`,
`queue.extend`, `ledger.record`, `endpoint.get`, `sink stdout.emit`, ...: the call hangs before it has begun).

This can't happen by accident: only `watcher run` reads the variable, once, and logs it as an error.
"""

import time
from collections.abc import Mapping
from math import inf, isfinite
from threading import Event
from typing import NamedTuple

import structlog

from watcher.domain.errors import ConfigError

VARIABLE = "WATCHER_TEST_STALL"
DIE = "die"

log = structlog.get_logger(__name__)


class TestDeath(RuntimeError):
    """Raised by a thread that is to die."""

    __test__ = False  # not a pytest test


class _Stall(NamedTuple):
    """Monotonic seconds from which it is active, and for how long it holds a thread; None: the thread dies."""

    at: float
    seconds: float | None


_armed: dict[str, _Stall] = {}


def arm(environ: Mapping[str, str]) -> None:
    """Read the variable, replacing earlier stalls.

    Raises:
        ConfigError: the variable is invalid.
    """
    text = environ.get(VARIABLE, "")
    try:
        found = dict(map(_parsed, filter(None, text.split(","))))
    except ValueError:
        raise ConfigError([f"{VARIABLE} = {text!r}: want POINT:AFTER[:FOR], seconds; unset it"]) from None
    _armed.clear()
    _armed.update(found)
    if found:
        log.error("test_stalls_armed", points=sorted(found), consequence="threads will hang or die on purpose")


def point(name: str) -> None:
    """Hang or die here, if requested; each stall holds one thread.

    Raises:
        TestDeath: it was requested.
    """
    if _armed:
        _reach(name)


def _reach(name: str) -> None:
    stall = _armed.get(name)
    if stall is None or time.monotonic() < stall.at or _armed.pop(name, None) is None:
        return
    if stall.seconds is None:
        raise TestDeath(f"{name} dies as {VARIABLE} says")
    Event().wait(stall.seconds if isfinite(stall.seconds) else None)


def _parsed(text: str) -> tuple[str, _Stall]:
    name, after, *rest = text.split(":")
    if not name or len(rest) > 1:
        raise ValueError(text)
    seconds = None if rest == [DIE] else float(rest[0]) if rest else inf
    return name, _Stall(time.monotonic() + float(after), seconds)

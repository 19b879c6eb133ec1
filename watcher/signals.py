"""Signals, waited for by a thread: a Python handler would run inside whatever lock the main thread holds."""

import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from time import monotonic

import structlog

from watcher.signal_mask import AWAITED, hold

log = structlog.get_logger(__name__)

SAME_STOP = 0.2
"""Seconds in which a second stop is the first one's echo: `timeout` signals a process and then its group."""


def listen(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """From here on SIGTERM and SIGINT call `stop`, a second of them ends the process at once, SIGHUP calls `reload`.

    Call it before any other thread starts: each thread inherits the mask that keeps the signals for this one. Those
    that came since `hold` come now.
    """
    hold()
    Thread(target=_wait, args=(stop, reload), name="signals", daemon=True).start()


def _wait(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    stopped_at: float | None = None
    while True:
        received = signal.Signals(signal.sigwait(AWAITED))
        log.info("signal", signal=received.name)
        if received == signal.SIGHUP:
            _try(reload)
        elif stopped_at is None:
            stopped_at = monotonic()
            stop()
        elif monotonic() - stopped_at >= SAME_STOP:
            _leave_at_once()


def _try(reload: Callable[[], None]) -> None:
    try:
        reload()
    except Exception:  # without this thread nobody could stop the watcher any more
        log.exception("reload_failed", consequence="nothing, or only a part, changed")


def _leave_at_once() -> None:
    # Nothing is lost: leases run out, and what is recorded is in the ledger.
    log.warning("stopped_at_once", consequence="leases run out by themselves")
    sys.stderr.flush()
    os._exit(1)
